using Barnabas.Messages;

namespace Barnabas.Bench.Coordinators;

/// <summary>Offset commits of one partition each, as many as the broker takes.</summary>
internal static class CommitLoad
{
    /// <summary>Small segments that are cleaned without delay, so that compaction is seen while the benchmark waits.</summary>
    public const string CompactionSettings = "offsets.topic.segment.bytes=1048576 log.cleaner.backoff.ms=1000";

    private const short Version = 9;
    private const int Groups = 1000, Connections = 16, OnTheirWay = 16, CompactedCommits = 1_000_000;
    private const long MiB = 1 << 20;

    public static LoadFigures Run(CoordinatorLoad load)
    {
        load.Prepare(0, 1, "t");
        return load.Measure(
            Connections,
            (i, client, counter) =>
            {
                for (var n = 0L; load.Goes; n++)
                {
                    Window(client, i, n);
                    counter.Add(OnTheirWay);
                }
            },
            () => $"{Groups} groups, {Connections} connections with {OnTheirWay} on their way");
    }

    /// <summary>A million commits, and what is left of them on disk.</summary>
    public static LoadFigures Compaction(CoordinatorLoad load)
    {
        load.Prepare(0, 1, "t");
        var (before, after) = (0L, 0L);
        return load.Measure(
            () =>
            {
                var windows = load.Times.Scaled(CompactedCommits) / Connections / OnTheirWay;
                load.OnConnections(Connections, (i, client) =>
                {
                    for (var n = 0L; n < windows; n++)
                    {
                        Window(client, i, n);
                    }
                });
                before = Size(load.Data);
                (after, var quiet) = (before, 0);
                while (quiet < 10)
                {
                    Thread.Sleep(500);
                    var size = Size(load.Data);
                    (quiet, after) = (size == after ? quiet + 1 : 0, size);
                }

                return (long)windows * Connections * OnTheirWay;
            },
            () => $"__consumer_offsets: {before / MiB} MiB when written, {after / MiB} MiB when cleaned");
    }

    private static void Window(LoadClient client, int connection, long window)
    {
        for (var k = 0; k < OnTheirWay; k++)
        {
            var group = ((((window * OnTheirWay) + k) * Connections) + connection) % Groups;
            var topic = new OffsetCommitRequest.OffsetCommitRequestTopic
            {
                Name = "t", Partitions = [new() { PartitionIndex = 0, CommittedOffset = window, CommittedMetadata = "" }],
            };
            var request = new OffsetCommitRequest { GroupId = $"g-{group}", GenerationIdOrMemberEpoch = -1, Topics = [topic] };
            client.Send(request, Version);
        }

        client.Flush();
        for (var k = 0; k < OnTheirWay; k++)
        {
            LoadClient.Expect(client.Receive<OffsetCommitResponse>(Version).Topics[0].Partitions[0].ErrorCode);
        }
    }

    // A segment may go while it is counted.
    private static long Size(string data) => Directory.GetDirectories(data, "__consumer_offsets-*")
        .SelectMany(folder => new DirectoryInfo(folder).EnumerateFiles("*.log")).Sum(file => file.Exists ? file.Length : 0);
}
