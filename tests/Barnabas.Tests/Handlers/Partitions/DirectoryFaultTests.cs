using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Broker.Worlds;
using Barnabas.Messages;
using Barnabas.Shared;
using Barnabas.Tests.Network;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Handlers.Partitions;

/// <summary>
/// A disk that fails, fills up or is slow under one of two log directories of a whole node; the metadata lies in the other. What clients
/// see of a failed one is what Apache Kafka 4.3.1 showed.
/// </summary>
public sealed class DirectoryFaultTests : IAsyncLifetime
{
    private const int Partitions = 8;
    private readonly TestNode _node = TestNode.With(["a", "b"], "replica.high.watermark.checkpoint.interval.ms=50");
    private readonly FaultyDisk _disk = new(new FileDisk());
    private int[] _inA = [], _inB = [];

    public async Task InitializeAsync()
    {
        _node.Disk = _disk;
        await _node.Start();
        _node.CreateTopic("t", Partitions, "barnabas.flush.on.ack=true");
        _inA = Held("a");
        _inB = Held("b");
        Assert.Equal(Partitions / 2, _inB.Length);
        Assert.All(_inA.Concat(_inB), p => Assert.Equal(ErrorCode.None, Produce(p).ErrorCode));
    }

    public async Task DisposeAsync()
    {
        _disk.Before = null;
        await _node.DisposeAsync();
    }

    [Theory]
    [InlineData("write", 0), InlineData("write", 30), InlineData("sync", 0)]
    public async Task A_directory_that_fails_goes_offline_alone_and_comes_back_with_what_was_acknowledged(string call, int bytesThrough)
    {
        _disk.BytesThrough = bytesThrough;
        FailWhere(InB, call);
        Assert.Equal(ErrorCode.KafkaStorageError, Produce(_inB[0]).ErrorCode);
        AssertOnlyBIsOffline();
        Assert.Equal(1, Count(_node.Log, "is offline;"));
        Assert.Contains("; the other directories go on", _node.Log);

        _disk.Before = null;
        await _node.Stop();
        Assert.True(File.Exists(_node.At("a/.kafka_cleanshutdown")));
        Assert.False(File.Exists(_node.At("b/.kafka_cleanshutdown")));
        await _node.Start();

        // What was not acknowledged may be there or not: a sync that failed says nothing of the bytes.
        Assert.InRange(ProduceOnceLed(_inB[0]).BaseOffset, 1, call == "sync" ? 2 : 1);
        Assert.All(_inB[1..], p => Assert.Equal((ErrorCode.None, 1L), Answer(ProduceOnceLed(p))));
    }

    [Fact]
    public async Task A_sync_that_failed_is_not_tried_again_and_nothing_more_is_done_to_the_directory()
    {
        FailWhere(InB, "sync");
        Produce(_inB[0]);
        AssertOnlyBIsOffline();

        // Meanwhile the disk works again, which says nothing of what was written before.
        _disk.Before = null;
        _disk.Calls.Clear();
        Assert.All(_inB, p => Assert.Equal(ErrorCode.KafkaStorageError, Produce(p).ErrorCode));
        Assert.Equal(ErrorCode.None, Produce(_inA[0]).ErrorCode);
        await _node.Stop();
        Assert.DoesNotContain(_disk.Calls, c => InB(c.Path));
    }

    [Theory]
    [InlineData("rename"), InlineData("sync-directory")]
    public void A_checkpoint_that_cannot_be_put_in_place_takes_the_directory_offline(string call)
    {
        FailWhere(InB, call);
        Produce(_inB[0]);
        AssertOnlyBIsOffline();
    }

    [Theory]
    [InlineData("mkdir"), InlineData("sync-directory")]
    public void A_directory_in_which_no_partition_can_be_made_goes_offline_and_they_are_made_in_the_other(string call)
    {
        FailWhere(path => InB(path) && (call == "sync-directory" || path.Contains("/u-", StringComparison.Ordinal)), call);
        _node.CreateTopic("u", partitions: 2);
        AssertOnlyBIsOffline();
        _node.CreateTopic("v", partitions: 2);
        WaitUntil(() => Produce(1, "v").ErrorCode == ErrorCode.None && Produce(0, "v").ErrorCode == ErrorCode.None);
    }

    [Theory]
    [InlineData("write"), InlineData("sync")]
    public async Task Without_the_disk_of_the_metadata_the_node_cannot_go_on(string call)
    {
        FailWhere(path => path.StartsWith(_node.At("a"), StringComparison.Ordinal), call);
        Produce(_inA[0]);
        Assert.Contains("the test fails it", (await _node.Failed.WaitAsync(TimeSpan.FromSeconds(30))).Message);
    }

    [Fact]
    public void A_move_whose_target_fails_leaves_the_partition_where_it_was()
    {
        FailWhere(path => InB(path) && path.Contains("-future", StringComparison.Ordinal), "sync");
        using (var client = _node.Connect())
        {
            client.Call<AlterReplicaLogDirsResponse>(
                new AlterReplicaLogDirsRequest
                {
                    Dirs = [new() { Path = _node.At("b"), Topics = [new() { Name = "t", Partitions = [_inA[0]] }] }],
                },
                2);
        }

        AssertOnlyBIsOffline();
        WaitUntil(() => Answer(Produce(_inA[0])) == (ErrorCode.None, 1L));
    }

    [Fact]
    [ConfigKey("barnabas.disk.reserve.bytes")]
    public void Below_the_reserve_producers_are_refused_and_all_else_goes_on_until_there_is_room()
    {
        _node.Set(4, "1", "barnabas.disk.reserve.bytes", "1000000");
        _disk.Free = path => InB(path) ? 999_999 : 10_000_000;
        WaitUntil(() => Produce(_inB[0]).ErrorCode == ErrorCode.KafkaStorageError);
        var refused = Produce(_inB[1]);
        Assert.Equal(ErrorCode.KafkaStorageError, refused.ErrorCode);
        Assert.Contains("barnabas.disk.reserve.bytes", refused.ErrorMessage);
        Assert.Contains("produce is refused until there are 1125000", _node.Log);
        var stored = Fetch(_inB[1]);
        Assert.Equal(1, stored.HighWatermark);
        Assert.All(_inA, p => Assert.Equal(ErrorCode.None, Produce(p).ErrorCode));
        Assert.All(_inB, p => Assert.Equal(ErrorCode.None, Leader(p).ErrorCode));
        DeleteRecords(_inB[1]);
        _node.CreateTopic("u", partitions: 2);
        Assert.Equal([0, 1], Held("a", "u"));

        // A little above is not enough, or each deletion would let one batch in.
        _disk.Free = path => InB(path) ? 1_100_000 : 10_000_000;
        var asked = _disk.Calls.Count(c => c.Call == "space" && InB(c.Path));
        WaitUntil(() => _disk.Calls.Count(c => c.Call == "space" && InB(c.Path)) > asked + 1);
        Assert.Equal(ErrorCode.KafkaStorageError, Produce(_inB[1]).ErrorCode);
        _disk.Free = path => 10_000_000;
        WaitUntil(() => Produce(_inB[1]).ErrorCode == ErrorCode.None);
        Assert.Contains("produce goes on", _node.Log);
        AssertNothingIsOffline();
    }

    [Fact]
    public void Appends_stop_at_the_reserve_even_when_the_file_system_is_not_asked()
    {
        _node.CreateTopic("u", partitions: 2);
        _node.Set(4, "1", "barnabas.disk.reserve.bytes", "1000000");
        var asked = 0;
        _disk.Free = path => Interlocked.Increment(ref asked) < 0 ? 0 : 1_300_000;
        WaitUntil(() => asked > 4);

        // From here on nobody is told how much is left: what may be written is counted.
        _disk.Before = (call, path) => SpinWait.SpinUntil(() => call != "space" || _disk.Before is null);
        var taken = 0;
        while (Produce(0, "u", bytes: 20_000).ErrorCode == ErrorCode.None)
        {
            Assert.True(++taken < 30);
        }

        Assert.True(taken > 5);
        _disk.Before = null;
    }

    [Theory]
    [InlineData(0), InlineData(30)]
    public async Task An_append_that_finds_no_room_is_taken_back_and_the_partition_goes_on_by_itself(int bytesThrough)
    {
        _disk.BytesThrough = bytesThrough;
        _disk.Before = (call, path) =>
        {
            if (call == "write" && InB(path))
            {
                throw new DiskFullException($"{call} {path}: ENOSPC", 28);
            }
        };
        Assert.Equal(ErrorCode.KafkaStorageError, Produce(_inB[0]).ErrorCode);
        Assert.Equal(ErrorCode.None, Produce(_inA[0]).ErrorCode);
        _disk.Before = null;
        WaitUntil(() => Produce(_inB[0]) is { ErrorCode: ErrorCode.None, BaseOffset: 1 });
        AssertNothingIsOffline();
        await _node.Stop();
        await _node.Start();
        Assert.Equal((ErrorCode.None, 2L), Answer(ProduceOnceLed(_inB[0])));
    }

    [Fact]
    public void A_disk_that_hangs_holds_up_no_other_directory_once_it_was_slow()
    {
        // One write of over 20 ms, on an I/O thread.
        _disk.Before = (call, path) => SpinWait.SpinUntil(() => !(call == "write" && InB(path)), TimeSpan.FromMilliseconds(40));
        Assert.Equal(ErrorCode.None, Produce(_inB[0]).ErrorCode);

        // From now on they do not come back.
        using var release = new ManualResetEventSlim();
        _disk.Before = (call, path) =>
        {
            if (call == "write" && InB(path))
            {
                release.Wait(TimeSpan.FromSeconds(60));
            }
        };
        var stuck = _inB.Select(p => Task.Run(() => Produce(p))).ToArray();
        WaitUntil(() => _disk.Calls.Count(c => c.Call == "write" && InB(c.Path)) > _inB.Length + 1);

        // Connections on every I/O thread, and partitions of the other directory at home on each.
        for (var i = 0; i < 2 * Environment.ProcessorCount; i++)
        {
            Assert.All(_inA, p => Assert.Equal(ErrorCode.None, Produce(p).ErrorCode));
            Assert.Equal(ErrorCode.None, Leader(_inB[0]).ErrorCode);
        }

        Assert.All(stuck, s => Assert.False(s.IsCompleted));
        release.Set();
        Assert.All(stuck, s => Assert.Equal(ErrorCode.None, s.GetAwaiter().GetResult().ErrorCode));
        AssertNothingIsOffline();
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static void WaitUntil(Func<bool> condition) =>
        Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(60)), "it did not happen");

    private static (ErrorCode Error, long Offset) Answer(ProduceResponse.PartitionProduceResponse produced) =>
        (produced.ErrorCode, produced.BaseOffset);

    private bool InB(string path) => path.StartsWith(_node.At("b"), StringComparison.Ordinal);

    private void FailWhere(Func<string, bool> where, string call) => _disk.Before = (now, path) =>
    {
        if (now == call && where(path))
        {
            throw new IOException($"{call} {path}: EIO, the test fails it", 5);
        }
    };

    private void AssertOnlyBIsOffline()
    {
        WaitUntil(() => _inB.All(p => Leader(p).ErrorCode == ErrorCode.LeaderNotAvailable));
        Assert.All(_inB, p => Assert.Equal((-1, 1), (Leader(p).LeaderId, Leader(p).OfflineReplicas.Single())));
        Assert.All(_inB, p => Assert.Equal(ErrorCode.KafkaStorageError, Produce(p).ErrorCode));
        Assert.All(_inB, p => Assert.Equal(ErrorCode.KafkaStorageError, Fetch(p).ErrorCode));
        Assert.All(_inA, p => Assert.Equal(ErrorCode.None, Leader(p).ErrorCode));
        Assert.All(_inA, p => Assert.Equal(ErrorCode.None, Fetch(p).ErrorCode));
        using var client = _node.Connect();
        var described = client.Call<DescribeLogDirsResponse>(new DescribeLogDirsRequest { Topics = null }, 5).Results;
        Assert.Equal([ErrorCode.None, ErrorCode.KafkaStorageError], described.Select(r => r.ErrorCode));
        Assert.Equal([-1L, -1L], [described[1].TotalBytes, described[1].UsableBytes]);
    }

    private void AssertNothingIsOffline()
    {
        using var client = _node.Connect();
        var described = client.Call<DescribeLogDirsResponse>(new DescribeLogDirsRequest { Topics = null }, 5).Results;
        Assert.All(described, r => Assert.Equal(ErrorCode.None, r.ErrorCode));
    }

    private int[] Held(string directory, string topic = "t") =>
    [
        .. Directory.GetDirectories(_node.At(directory), $"{topic}-*")
            .Select(d => int.Parse(Path.GetFileName(d)[(topic.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture)).Order(),
    ];

    private ProduceResponse.PartitionProduceResponse Produce(int partition, string topic = "t", int bytes = 10)
    {
        using var client = _node.Connect();
        return client.Produce(topic, partition, PartitionServer.Batch(new string('x', bytes)));
    }

    // A start answers clients before every replica knows that it leads.
    private ProduceResponse.PartitionProduceResponse ProduceOnceLed(int partition)
    {
        ProduceResponse.PartitionProduceResponse answer = null!;
        WaitUntil(() => (answer = Produce(partition)).ErrorCode != ErrorCode.NotLeaderOrFollower);
        return answer;
    }

    private MetadataResponse.MetadataResponsePartition Leader(int partition)
    {
        using var client = _node.Connect();
        return client.Call<MetadataResponse>(new MetadataRequest { Topics = [new() { Name = "t" }] }, 12)
            .Topics[0].Partitions.Single(p => p.PartitionIndex == partition);
    }

    private void DeleteRecords(int partition)
    {
        using var client = _node.Connect();
        var answer = client.Call<DeleteRecordsResponse>(
            new DeleteRecordsRequest
            {
                TimeoutMs = 30_000,
                Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = partition, Offset = -1 }] }],
            },
            2).Topics[0].Partitions[0];
        Assert.Equal((ErrorCode.None, 1L), (answer.ErrorCode, answer.LowWatermark));
    }

    private FetchResponse.PartitionData Fetch(int partition)
    {
        using var client = _node.Connect();
        var request = new FetchRequest
        {
            ReplicaId = -1, MaxWaitMs = 0, MinBytes = 0, MaxBytes = 1 << 20, SessionEpoch = -1,
            Topics =
            [
                new()
                {
                    Topic = "t",
                    Partitions =
                    [
                        new()
                        {
                            Partition = partition, FetchOffset = 0, PartitionMaxBytes = 1 << 20, CurrentLeaderEpoch = -1,
                            LastFetchedEpoch = -1,
                        },
                    ],
                },
            ],
        };
        return client.Call<FetchResponse>(request, 12).Responses[0].Partitions[0];
    }
}
