using Barnabas.Base;
using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Faults.Disks;

/// <summary>A small file system that fills up and empties again, under a broker with a producer that never gives up.</summary>
public sealed class DiskFullTests
{
    private const string Topic = "t";
    private const int Cycles = 20;
    private const long ReserveBytes = 4 << 20;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>
    /// In turn up to the reserve, where producers are refused, and to the last byte by somebody else, where writes fail.
    /// </summary>
    [BrokerTheory(Need.Linux, Need.Root, Apis = [Api.AlterReplicaLogDirs])]
    [InlineData("tmpfs"), InlineData("ext4")]
    [Trait("Category", "Slow")]
    public void Nothing_acknowledged_is_lost_over_many_times_of_a_full_disk(string type)
    {
        using var disk = new SmallFileSystem(type, megabytes: 64);
        using var folder = new TemporaryFolder();
        using var broker = BrokerProcess.Start(new Dictionary<string, string>
        {
            ["log.dirs"] = $"{folder.At("metadata")},{disk.At("logs")}",
            ["cordoned.log.dirs"] = folder.At("metadata"),
            ["barnabas.disk.reserve.bytes"] = $"{ReserveBytes}",
            ["log.segment.bytes"] = "1048576",
        });
        Partition.CreateTopic(broker, Topic, 1);
        using var partition = new Partition(broker, Topic, 0);
        for (var cycle = 0; cycle < Cycles; cycle++)
        {
            ProduceSome(partition);
            var leaves = cycle % 2 == 0 ? ReserveBytes - 100_000 : 0;
            disk.Fill(leaves);

            // Little at a time: what is written until it is noticed stays, cycle for cycle.
            Assert.True(
                SpinWait.SpinUntil(() => partition.Produce() == ErrorCode.KafkaStorageError, Limit),
                $"cycle {cycle}: never refused\n{broker.Process.Output}");

            // But for the moment in which an append is taken back, all that is no append goes on.
            Assert.True(
                SpinWait.SpinUntil(() => partition.Fetch(0).ErrorCode == ErrorCode.None, Limit),
                $"cycle {cycle}: no reads\n{broker.Process.Output}");
            Assert.Equal(1, partition.Leader());
            disk.Empty();
            Assert.True(
                SpinWait.SpinUntil(() => partition.Produce() == ErrorCode.None, Limit),
                $"cycle {cycle}: still refused\n{broker.Process.Output}");
        }

        partition.AssertKept();
        Assert.Equal(0, broker.Terminate());
        Assert.DoesNotContain("is offline", broker.Process.Output);
        broker.Start();
        partition.Reconnect();
        partition.AssertKept();
    }

    [BrokerFact(Need.Linux, Need.Root, Apis = [Api.AlterReplicaLogDirs])]
    [Trait("Category", "Slow")]
    public void A_producer_that_fills_the_disk_goes_on_as_retention_makes_room()
    {
        using var disk = new SmallFileSystem("tmpfs", megabytes: 32);
        using var folder = new TemporaryFolder();
        using var broker = BrokerProcess.Start(new Dictionary<string, string>
        {
            ["log.dirs"] = $"{folder.At("metadata")},{disk.At("logs")}",
            ["cordoned.log.dirs"] = folder.At("metadata"),
            ["barnabas.disk.reserve.bytes"] = $"{ReserveBytes}",
            ["log.segment.bytes"] = "1048576",
            ["log.retention.bytes"] = "20000000",
            ["log.retention.check.interval.ms"] = "2000",
            ["log.initial.task.delay.ms"] = "1",
            ["log.segment.delete.delay.ms"] = "0",
        });
        Partition.CreateTopic(broker, Topic, 1);
        using var partition = new Partition(broker, Topic, 0);
        var refused = 0;
        Assert.True(
            SpinWait.SpinUntil(
                () =>
                {
                    refused += partition.Produce(100_000) == ErrorCode.None ? 0 : 1;
                    return partition.Acknowledged.Count >= 600; // twice what the disk holds
                },
                TimeSpan.FromSeconds(120)),
            $"{partition.Acknowledged.Count} acknowledged");
        Assert.True(refused > 0, "the disk was never full");
        Assert.DoesNotContain("is offline", broker.Process.Output);
    }

    private static void ProduceSome(Partition partition)
    {
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(ErrorCode.None, partition.Produce(10_000));
        }
    }
}
