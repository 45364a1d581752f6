using Barnabas.Base;
using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Faults.Disks;

/// <summary>A real process whose system calls fail on one of its two log directories, by strace; the metadata lies in the other.</summary>
public sealed class InjectedErrorTests : IDisposable
{
    private const string Topic = "t";
    private const int Partitions = 4;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [BrokerTheory(Need.Linux, Need.Root, Need.Strace, Apis = [Api.AlterReplicaLogDirs])]
    [InlineData("fdatasync", "EIO", "00000000000000000000.log")]
    [InlineData("fdatasync", "ENOSPC", "00000000000000000000.log")]
    [InlineData("pwritev", "EIO", "00000000000000000000.log")]
    [InlineData("?rename,?renameat,?renameat2", "EIO", "../replication-offset-checkpoint.tmp")]
    [InlineData("fsync", "EIO", "..")]
    public void A_directory_that_fails_goes_offline_alone(string calls, string errno, string file)
    {
        using var broker = Start();
        var partitions = Enumerable.Range(0, Partitions).Select(index => new Partition(broker, Topic, index)).ToList();
        Array.ForEach([.. partitions], Fill);
        var failing = partitions.FindAll(p => Directory.Exists(folder.At($"b/{Topic}-{p.Index}")));
        var others = partitions.Except(failing).ToList();
        Assert.Equal(Partitions / 2, failing.Count);
        using (new Injection(broker.Process.Id, calls, errno, Path.GetFullPath(folder.At($"b/{Topic}-{failing[0].Index}/{file}"))))
        {
            Assert.True(SpinWait.SpinUntil(() => failing[0].Produce() == ErrorCode.KafkaStorageError, Limit), "nothing failed");
            Assert.True(SpinWait.SpinUntil(() => failing.All(p => p.Leader() == -1), Limit), "they still have leaders");
            Assert.All(failing, p => Assert.Equal(ErrorCode.KafkaStorageError, p.Produce()));
            Assert.All(failing, p => Assert.Equal(ErrorCode.KafkaStorageError, p.Fetch(0).ErrorCode));
            Array.ForEach([.. others], Fill);
            Assert.All(others, p => Assert.Equal(1, p.Leader()));
        }

        Assert.Equal(1, broker.Process.Output.Split($"{folder.At("b")} is offline").Length - 1);
        Assert.Equal(0, broker.Terminate());
        Assert.Equal((true, false), (File.Exists(folder.At("a/.kafka_cleanshutdown")), File.Exists(folder.At("b/.kafka_cleanshutdown"))));

        // The disk works again: what was acknowledged is there.
        broker.Start();
        foreach (var partition in partitions)
        {
            partition.Reconnect();
            partition.AssertKept(mayHoldMore: true);
            Fill(partition);
            partition.AssertKept(mayHoldMore: true);
            partition.Dispose();
        }
    }

    [BrokerFact(Need.Linux, Need.Root, Need.Strace, Apis = [Api.AlterReplicaLogDirs])]
    public void An_append_that_finds_no_room_is_taken_back_and_goes_on_by_itself()
    {
        using var broker = Start();
        using var partition = new Partition(broker, Topic, 0);
        Fill(partition);
        var home = Directory.Exists(folder.At($"a/{Topic}-0")) ? "a" : "b";
        using (new Injection(broker.Process.Id, "pwritev", "ENOSPC", folder.At($"{home}/{Topic}-0/00000000000000000000.log")))
        {
            for (var i = 0; i < 5; i++)
            {
                Assert.Equal(ErrorCode.KafkaStorageError, partition.Produce());
            }
        }

        Assert.True(SpinWait.SpinUntil(() => partition.Produce() == ErrorCode.None, Limit), "it does not go on");
        partition.AssertKept();
        Assert.Equal(0, broker.Terminate());
        Assert.DoesNotContain("offline", broker.Process.Output);
    }

    [BrokerTheory(Need.Linux, Need.Root, Need.Strace, Apis = [Api.AlterReplicaLogDirs])]
    [InlineData("fdatasync", "EIO"), InlineData("pwritev", "EIO"), InlineData("pwrite64,pwritev", "ENOSPC")]
    public void Without_the_disk_of_the_metadata_the_program_ends_with_a_sentence(string calls, string errno)
    {
        using var broker = Start();
        using var injection = new Injection(
            broker.Process.Id, calls, errno, folder.At("a/__cluster_metadata-0/00000000000000000000.log"));
        Assert.ThrowsAny<Exception>(() => Partition.CreateTopic(broker, "late", 1));
        var code = broker.Process.WaitForExit(Limit);
        Assert.True(code == 1, $"{code}\n{broker.Process.Errors}\n{broker.Process.Output}");
        var line = Assert.Single(broker.Process.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains($"__cluster_metadata-0/00000000000000000000.log: {errno}", line);
    }

    private static void Fill(Partition partition)
    {
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(ErrorCode.None, partition.Produce());
        }
    }

    private BrokerProcess Start()
    {
        var broker = BrokerProcess.Start(new Dictionary<string, string>
        {
            ["log.dirs"] = $"{folder.At("a")},{folder.At("b")}",
            ["barnabas.flush.on.ack"] = "true",
            ["replica.high.watermark.checkpoint.interval.ms"] = "100",
        });
        Partition.CreateTopic(broker, Topic, Partitions);
        return broker;
    }
}
