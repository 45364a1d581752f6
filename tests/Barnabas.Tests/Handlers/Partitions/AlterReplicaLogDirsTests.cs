using System.Diagnostics;
using Barnabas.Base;
using Barnabas.Broker.Worlds;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Barnabas.Shared;
using Barnabas.Tests.Network;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Handlers.Partitions;

/// <summary>AlterReplicaLogDirs over a whole node. Error codes are those that Apache Kafka 4.3.1 gave.</summary>
public sealed class AlterReplicaLogDirsTests : IAsyncLifetime
{
    private readonly TestNode _node = TestNode.With(["a", "b"]);

    public Task InitializeAsync() => _node.Start();

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Theory]
    [InlineData(1), InlineData(2)]
    public void A_partition_moves_with_all_it_holds_and_goes_on_where_it_was(short version)
    {
        _node.CreateTopic("t", configs: ["segment.bytes=1048576", "file.delete.delay.ms=0"]);
        var values = Fill(40);
        var (from, to) = Ends();
        Assert.Equal([(0, ErrorCode.None)], Move(to, "t", version, 0));
        WaitUntil(() => Held(to).Contains("t-0") && Held(from).Length == 0);
        Assert.Equal(values, Read("t"));
        values.AddRange(Fill(2));
        Assert.Equal(values, Read("t"));
        Assert.Equal([0, 1], Describe().Select(r => r.Topics.Count).Order());
        Assert.All(Describe().SelectMany(r => r.Topics), t => Assert.False(t.Partitions.Single().IsFutureKey));
    }

    [Fact]
    public async Task It_is_found_there_after_a_restart_and_its_producer_is_known()
    {
        _node.CreateTopic("t");
        Fill(3);
        var (_, to) = Ends();
        using (var client = _node.Connect())
        {
            client.Produce("t", 0, Idempotent(0));
        }

        Move(to, "t", 2, 0);
        WaitUntil(() => Held(to).Contains("t-0"));
        using (var client = _node.Connect())
        {
            WaitUntil(() => Produced(client, Idempotent(0)) == (ErrorCode.None, 3L));
            Assert.Equal((ErrorCode.None, 4L), Produced(client, Idempotent(1)));
        }

        await _node.Stop();
        await _node.Start();
        Assert.Equal(5, Read("t").Count);
        Assert.Contains("t-0", Held(to));
    }

    [Fact]
    public void Writers_and_readers_go_on_while_it_moves()
    {
        _node.CreateTopic("t", configs: ["segment.bytes=1048576"]);
        var sent = new List<string>();
        using var client = _node.Connect();
        for (var round = 0; round < 6; round++)
        {
            var (_, to) = Ends();
            Move(to, "t", 2, 0);
            var watch = Stopwatch.StartNew();
            while (!Held(to).Contains("t-0"))
            {
                Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), "it does not move");
                var value = $"{sent.Count}";
                if (client.Produce("t", 0, PartitionServer.Batch(value)).ErrorCode is ErrorCode.None)
                {
                    sent.Add(value);
                }
            }
        }

        WaitUntil(() => Metadata("t").ErrorCode == ErrorCode.None);
        Assert.Equal(sent, Read("t"));
    }

    [Fact]
    [ConfigKey("replica.alter.log.dirs.io.max.bytes.per.second")]
    public async Task A_throttled_move_shows_its_lag_stops_with_the_broker_and_goes_on_after()
    {
        _node.CreateTopic("t");
        var values = Fill(40);
        var (from, to) = Ends();
        _node.Set(4, "1", Throttle, "1");
        Move(to, "t", 2, 0);
        WaitUntil(() => Future(to) is { PartitionSize: > 0 });
        var copy = Future(to)!;
        Assert.True(copy.OffsetLag is > 0 and < 40);
        Assert.True(copy.PartitionSize < Describe().Single(r => r.LogDir == _node.At(from)).Topics[0].Partitions[0].PartitionSize);
        var name = Held(to).Single();
        Assert.EndsWith("-future", name);
        await _node.Stop();

        await _node.Start();
        Assert.Equal(values, Read("t"));
        WaitUntil(() => Future(to) is { PartitionSize: > 0 });
        Assert.Equal([name], Held(to));
        Assert.InRange(Future(to)!.PartitionSize, copy.PartitionSize, 40 * 100_000);
        await _node.Stop();

        await _node.Start();
        _node.Set(4, "1", Throttle, "1000000000");
        WaitUntil(() => Held(to).Contains("t-0"));
        Assert.Equal(values, Read("t"));
    }

    [Fact]
    public void A_move_back_ends_a_move()
    {
        _node.CreateTopic("t");
        var values = Fill(40);
        var (from, to) = Ends();
        _node.Set(4, "1", Throttle, "1");
        Move(to, "t", 2, 0);
        WaitUntil(() => Future(to) is { PartitionSize: > 0 });
        Assert.Equal([(0, ErrorCode.None)], Move(from, "t", 2, 0));
        WaitUntil(() => Held(to).Length == 0);
        Assert.Null(Future(to));
        Assert.Equal(values, Read("t"));
        Assert.Equal(["t-0"], Held(from));
    }

    [Fact]
    public async Task It_goes_back_where_it_was_asked_to_when_that_came_too_late_to_cancel()
    {
        var disk = new FaultyDisk(new FileDisk());
        await _node.Stop();
        _node.Disk = disk;
        await _node.Start();
        _node.CreateTopic("t");
        var values = Fill(3);
        var (from, to) = Ends();
        var asked = 0;
        disk.Before = (call, path) =>
        {
            // The copy gets its name: the move is past giving up, and nobody knows its end yet.
            if (call == "rename" && path.EndsWith("-future", StringComparison.Ordinal) && Interlocked.Increment(ref asked) == 1)
            {
                Assert.Equal([(0, ErrorCode.None)], Move(from, "t", 2, 0));
            }
        };
        Move(to, "t", 2, 0);
        WaitUntil(() => Volatile.Read(ref asked) == 2 && Held(from).Contains("t-0") && !Held(to).Contains("t-0"));
        Assert.Equal(values, Read("t"));
    }

    [Fact]
    public void A_deletion_ends_a_move_and_leaves_the_name_free()
    {
        _node.CreateTopic("t");
        Fill(40);
        var (from, to) = Ends();
        _node.Set(4, "1", Throttle, "1");
        Move(to, "t", 2, 0);
        WaitUntil(() => Future(to) is { PartitionSize: > 0 });
        using var client = _node.Connect();
        client.Call<DeleteTopicsResponse>(new DeleteTopicsRequest { TopicNames = ["t"], TimeoutMs = 30_000 }, 5);
        _node.CreateTopic("t");
        WaitUntil(() => !Held(to).Any(held => held.EndsWith("-future", StringComparison.Ordinal)));
        Assert.Empty(Read("t"));
    }

    /// <summary>All of the disk fails from one call on, as if the process had ended there; then it is started again.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_stop_between_any_two_calls_of_a_move_loses_nothing()
    {
        var disk = new FaultyDisk(new FileDisk());
        _node.CreateTopic("t", configs: ["segment.bytes=1048576", "file.delete.delay.ms=0"]);
        var values = Fill(12);
        await _node.Stop();
        _node.Disk = disk;
        var (stops, moved) = (0, 0);
        var stoppedAt = new HashSet<string>();
        for (var last = 1; moved < 2; last++)
        {
            await _node.Start();
            Assert.Equal(values, Read("t"));

            // A move that goes on by itself has both for a moment.
            WaitUntil(() => Held("a").Concat(Held("b")).Count(held => held == "t-0") == 1);
            var (_, to) = Ends();
            var calls = 0;
            var hasEnded = false;
            string? first = null;
            disk.Before = (call, path) =>
            {
                // The first stop is at the move's first call, whatever else the node does meanwhile.
                var isOther = call is "list" or "open" or "space" || (last == 1 && call != "mkdir" && !Volatile.Read(ref hasEnded));
                var number = isOther ? 0 : Interlocked.Increment(ref calls);
                if (number >= last)
                {
                    hasEnded = true;
                    first ??= call;
                    throw new IOException($"{call} {path}: the test ends here");
                }
            };
            Move(to, "t", 2, 0);
            WaitUntil(() => hasEnded || (Held(to).Contains("t-0") && Metadata("t").ErrorCode == ErrorCode.None));
            _ = hasEnded ? stops++ : moved++;
            await _node.Stop();
            disk.Before = null;
            stoppedAt.Add(first ?? "");
        }

        // How many calls there are depends on which are made together; every kind of a move's calls has to be among them.
        Assert.Superset(new HashSet<string> { "mkdir", "create", "write", "sync", "rename", "sync-directory" }, stoppedAt);
        Assert.True(stops > 10, $"{stops} stops");
        await _node.Start();
        Assert.Equal(values, Read("t"));
    }

    [Fact]
    public async Task A_disk_that_fails_at_the_last_mark_of_a_stop_does_not_keep_the_node_from_stopping()
    {
        var disk = new FaultyDisk(new FileDisk());
        await _node.Stop();
        _node.Disk = disk;
        await _node.Start();
        _node.CreateTopic("t");
        var values = Fill(3);
        disk.Before = (call, path) =>
        {
            if (path.StartsWith(_node.At("a"), StringComparison.Ordinal) && path.Contains("cleanshutdown", StringComparison.Ordinal))
            {
                throw new IOException($"{call} {path}: no space left");
            }
        };
        await _node.Stop();
        disk.Before = null;
        Assert.False(File.Exists(Path.Join(_node.At("a"), ".kafka_cleanshutdown")));
        Assert.True(File.Exists(Path.Join(_node.At("b"), ".kafka_cleanshutdown")));
        await _node.Start();
        Assert.Equal(values, Read("t"));
    }

    [Fact]
    public void What_cannot_be_moved_is_refused_as_Kafka_does()
    {
        _node.CreateTopic("t", partitions: 2);
        Assert.Equal([(1, ErrorCode.LogDirNotFound), (0, ErrorCode.LogDirNotFound)], MoveTo("/nowhere", "t", 2, 1, 0));
        Assert.Equal([(0, ErrorCode.LogDirNotFound)], MoveTo("a", "t", 2, 0));
        Assert.Equal([(7, ErrorCode.UnknownTopicOrPartition)], Move("a", "t", 2, 7));
        Assert.Equal([(0, ErrorCode.UnknownTopicOrPartition)], Move("a", "__cluster_metadata", 2, 0));
        _node.Set(4, "1", "cordoned.log.dirs", _node.At("a"));
        var inA = int.Parse(Held("a").Single()[2..], System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal([(inA, ErrorCode.None)], Move("a", "t", 2, inA));
        Assert.Equal([(1 - inA, ErrorCode.InvalidReplicaAssignment)], Move("a", "t", 2, 1 - inA));
    }

    [Fact]
    public void A_partition_that_is_not_there_yet_goes_where_it_was_wished()
    {
        Assert.Equal(
            [(0, ErrorCode.UnknownTopicOrPartition), (1, ErrorCode.UnknownTopicOrPartition), (2, ErrorCode.UnknownTopicOrPartition)],
            Move("b", "t", 2, 0, 1, 2));
        _node.CreateTopic("t", partitions: 3);
        Assert.Equal([0, 3], [Held("a").Length, Held("b").Length]);
    }

    private const string Throttle = "replica.alter.log.dirs.io.max.bytes.per.second";

    private static byte[] Idempotent(int sequence) =>
        PartitionServer.Batch(new BatchOptions { ProducerId = 4, ProducerEpoch = 0, BaseSequence = sequence }, $"i{sequence}");

    private static (ErrorCode Error, long Offset) Produced(TestClient client, byte[] batch)
    {
        var answer = client.Produce("t", 0, batch);
        return (answer.ErrorCode, answer.BaseOffset);
    }

    private static void WaitUntil(Func<bool> condition) =>
        Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(60)), "it did not happen");

    // So many records of 100 KB each.
    private List<string> Fill(int records)
    {
        using var client = _node.Connect();
        var values = Enumerable.Range(0, records).Select(i => $"{i}{new string('x', 100_000)}").ToList();
        values.ForEach(value => Assert.Equal(ErrorCode.None, client.Produce("t", 0, PartitionServer.Batch(value)).ErrorCode));
        return values;
    }

    private (string From, string To) Ends() => Held("a").Contains("t-0") ? ("a", "b") : ("b", "a");

    private string[] Held(string directory) =>
        [.. Directory.GetDirectories(_node.At(directory)).Select(d => Path.GetFileName(d)!).Where(d => d[0] != '_').Order()];

    private DescribeLogDirsResponse.DescribeLogDirsPartition? Future(string directory) =>
        Describe().Single(r => r.LogDir == _node.At(directory)).Topics.SelectMany(t => t.Partitions).FirstOrDefault(p => p.IsFutureKey);

    private List<(int Partition, ErrorCode Error)> Move(string directory, string topic, short version, params int[] partitions) =>
        MoveTo(_node.At(directory), topic, version, partitions);

    private List<(int Partition, ErrorCode Error)> MoveTo(string path, string topic, short version, params int[] partitions)
    {
        using var client = _node.Connect();
        var answer = client.Call<AlterReplicaLogDirsResponse>(
            new AlterReplicaLogDirsRequest
            {
                Dirs = [new() { Path = path, Topics = [new() { Name = topic, Partitions = [.. partitions] }] }],
            },
            version);
        return [.. answer.Results.Single().Partitions.Select(p => (p.PartitionIndex, p.ErrorCode))];
    }

    private List<DescribeLogDirsResponse.DescribeLogDirsResult> Describe()
    {
        using var client = _node.Connect();
        return client.Call<DescribeLogDirsResponse>(new DescribeLogDirsRequest { Topics = null }, 5).Results;
    }

    private MetadataResponse.MetadataResponsePartition Metadata(string topic)
    {
        using var client = _node.Connect();
        return client.Call<MetadataResponse>(new MetadataRequest { Topics = [new() { Name = topic }] }, 12).Topics[0].Partitions[0];
    }

    private List<string> Read(string topic)
    {
        using var client = _node.Connect();
        var values = new List<string>();
        while (true)
        {
            var request = new FetchRequest
            {
                ReplicaId = -1, MaxWaitMs = 0, MinBytes = 0, MaxBytes = 50 << 20, SessionEpoch = -1,
                Topics =
                [
                    new()
                    {
                        Topic = topic,
                        Partitions =
                        [
                            new()
                            {
                                Partition = 0, FetchOffset = values.Count, PartitionMaxBytes = 10 << 20, CurrentLeaderEpoch = -1,
                                LastFetchedEpoch = -1,
                            },
                        ],
                    },
                ],
            };
            var answer = client.Call<FetchResponse>(request, 12).Responses[0].Partitions[0];
            if (answer.ErrorCode == ErrorCode.NotLeaderOrFollower)
            {
                // For a moment at the end of a move there is no leader.
                continue;
            }

            Assert.Equal(ErrorCode.None, answer.ErrorCode);
            var read = PartitionServer.Values(answer.Records!);
            if (read.Count == 0)
            {
                Assert.Equal(answer.HighWatermark, values.Count);
                return values;
            }

            values.AddRange(read);
        }
    }
}
