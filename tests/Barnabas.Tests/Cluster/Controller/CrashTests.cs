using Barnabas.Base;
using Barnabas.Broker.Worlds;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Raft;

namespace Barnabas.Tests.Cluster.Controller;

/// <summary>A process that is killed at any operation on a file loses nothing that it acknowledged, and starts again.</summary>
public sealed class CrashTests
{
    [Fact]
    public void Killed_at_any_operation_of_the_disk_it_keeps_what_it_acknowledged()
    {
        var crashes = 0;
        for (var operations = 0; ; operations++)
        {
            var log = new MetadataLogConfig(SegmentBytes: 1000, SnapshotAfterBytes: 700, RetentionBytes: 2500);
            using var bench = new QuorumBench(log: log);
            var disk = new CrashingDisk(new FileDisk(), operations);
            bench.Disk = disk;
            var acknowledged = new List<string>();
            var isFormatted = Live(bench, acknowledged);
            if (!disk.HasCrashed)
            {
                Assert.True(crashes > 60, $"only {crashes} places to crash");
                return;
            }

            crashes++;
            bench.Disk = new CrashingDisk(new FileDisk());
            if (!isFormatted)
            {
                // Nothing said that the directory was formatted: it is formatted again.
                bench.Format();
            }

            bench.Start();
            bench.Register();
            Assert.All(acknowledged, name => Assert.True(bench.Image.Topics.Find(name) is not null, $"{name} lost at {operations}"));
            Assert.Equal(ErrorCode.None, bench.Create("after").ErrorCode);
            bench.Stop();
        }
    }

    private static bool Live(QuorumBench bench, List<string> acknowledged)
    {
        var isFormatted = false;
        try
        {
            bench.Format();
            isFormatted = true;
            bench.Start(pump: false);
            bench.Host.Pump();
            for (var i = 0; i < 12 && bench.Failures.Count == 0; i++)
            {
                Ask(bench, i == 0 ? null : $"topic-{i}", acknowledged);
            }

            bench.Stop();
        }
        catch (IOException)
        {
            // The crash, while it was formatting or loading.
        }

        return isFormatted;
    }

    private static void Ask(QuorumBench bench, string? topic, List<string> acknowledged)
    {
        if (topic is null)
        {
            var registration = QuorumBench.Registration();
            bench.Driver.Submit((machine, decision) => BrokerRegistrations.Register(machine, registration, decision), (_, response) =>
            {
                if (response is not null)
                {
                    bench.Driver.Submit(
                        (machine, decision) => BrokerRegistrations.Unfence(machine, 1, response.BrokerEpoch, decision), (_, _) => { });
                }
            });
        }
        else
        {
            var request = QuorumBench.Creation(topic, 2);
            bench.Driver.Submit((machine, decision) => TopicCreation.Decide(machine, request, decision), (error, response) =>
            {
                if (error == ErrorCode.None && response!.Topics[0].ErrorCode == ErrorCode.None)
                {
                    acknowledged.Add(topic);
                }
            });
        }

        bench.Host.Pump();
    }
}
