using System.Globalization;
using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Broker.Worlds;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Barnabas.Tests.Log.Compaction;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Handlers.Partitions;

/// <summary>The cleaner over two log directories of a whole node, with a compacted partition in each.</summary>
public sealed class DirectoryCleaningTests : IAsyncLifetime
{
    private readonly TestNode _node = TestNode.With(["a", "b"], "log.cleaner.backoff.ms=20");
    private readonly FaultyDisk _disk = new(new FileDisk());

    public async Task InitializeAsync()
    {
        _node.Disk = _disk;
        await _node.Start();
        _node.CreateTopic(
            "t", 2, "cleanup.policy=compact", "internal.segment.bytes=500", "min.cleanable.dirty.ratio=0.01", "file.delete.delay.ms=0");
    }

    public async Task DisposeAsync()
    {
        _disk.Before = null;
        await _node.DisposeAsync();
    }

    [Fact]
    public void Where_a_cleaning_stopped_is_kept_beside_the_log_and_moves_with_it()
    {
        var (inA, inB) = (Partition("a"), Partition("b"));
        Fill(inA);
        Fill(inB);
        WaitUntil(() => Cleaned("a", inA) > 0 && Cleaned("b", inB) > 0);
        Assert.Equal((-1L, -1L), (Cleaned("a", inB), Cleaned("b", inA)));

        // From here on nothing is dirty enough: what is known of the moved log has come along.
        _node.Set(2, "t", "min.cleanable.dirty.ratio", "1");
        var before = Cleaned("a", inA);
        using (var client = _node.Connect())
        {
            client.Call<AlterReplicaLogDirsResponse>(
                new AlterReplicaLogDirsRequest
                {
                    Dirs = [new() { Path = _node.At("b"), Topics = [new() { Name = "t", Partitions = [inA] }] }],
                },
                2);
        }

        WaitUntil(() => Cleaned("b", inA) >= before && Cleaned("a", inA) == -1 && Cleaned("b", inB) > 0);
        Assert.Equal(ErrorCode.None, Produce(inA, "k=v"));
    }

    [Fact]
    public void A_directory_in_which_cleaning_fails_goes_offline_alone_and_the_other_is_cleaned_on()
    {
        var (inA, inB) = (Partition("a"), Partition("b"));
        FailCleaning("b", path => throw new IOException($"write {path}: EIO, the test fails it", 5));
        for (var i = 0; i < 10; i++)
        {
            Produce(inB, $"k={new string('v', 300)}");
        }

        WaitUntil(() => _node.Log.Contains($"{_node.At("b")} is offline; the other directories go on", StringComparison.Ordinal));
        WaitUntil(() => Produce(inB, "k=v") == ErrorCode.KafkaStorageError);
        _disk.Before = null;
        _disk.Calls.Clear();
        Fill(inA);
        WaitUntil(() => Cleaned("a", inA) > 0);

        // A flush that was under way when the disk failed may still come to its end.
        Assert.DoesNotContain(
            _disk.Calls,
            c => c.Path.StartsWith(_node.At("b"), StringComparison.Ordinal)
                && (c.Path.EndsWith(".cleaned", StringComparison.Ordinal) || c.Path.EndsWith(".swap", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_cleaning_that_finds_no_room_is_given_up_and_begins_again_by_itself()
    {
        var inB = Partition("b");
        var refused = 0;
        FailCleaning("b", path =>
        {
            refused++;
            throw new DiskFullException($"write {path}: ENOSPC", 28);
        });
        Fill(inB);
        WaitUntil(() => refused > 2);
        Assert.Empty(Directory.GetFiles(_node.At($"b/t-{inB}"), "*.swap"));
        _disk.Before = null;
        WaitUntil(() => Cleaned("b", inB) > 0);
        Fill(inB);
        Assert.DoesNotContain("is offline", _node.Log);
    }

    private static void WaitUntil(Func<bool> condition) =>
        Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(60)), "it did not happen");

    private void FailCleaning(string directory, Action<string> fail) => _disk.Before = (call, path) =>
    {
        if (call == "write" && path.EndsWith(".cleaned", StringComparison.Ordinal)
            && path.StartsWith(_node.At(directory), StringComparison.Ordinal))
        {
            fail(path);
        }
    };

    private int Partition(string directory) => int.Parse(
        Directory.GetDirectories(_node.At(directory), "t-*").Single().Split('-')[^1], CultureInfo.InvariantCulture);

    // The offset that the directory's checkpoint has, or -1.
    private long Cleaned(string directory, int partition)
    {
        var path = _node.At($"{directory}/cleaner-offset-checkpoint");
        var line = File.Exists(path) ? File.ReadAllLines(path).Skip(2).FirstOrDefault(l => l.StartsWith($"t {partition} ")) : null;
        return line is null ? -1 : long.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture);
    }

    private void Fill(int partition)
    {
        for (var i = 0; i < 10; i++)
        {
            WaitUntil(() => Produce(partition, $"k={new string('v', 300)}{i}") == ErrorCode.None);
        }
    }

    private ErrorCode Produce(int partition, string record)
    {
        using var client = _node.Connect();
        var nowMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        return client.Produce("t", partition, CompactedLog.Batch(new BatchOptions(), nowMs, record)).ErrorCode;
    }
}
