using Barnabas.Base;
using Barnabas.Cluster.Partitions;
using Barnabas.Cluster.Partitions.Moves;
using Barnabas.Log;
using Barnabas.Tests.Log;

namespace Barnabas.Tests.Cluster.Partitions.Moves;

/// <summary>How moves end: there, or where they began, and never between.</summary>
public sealed class MoveEndTests : IDisposable
{
    private readonly MovesBench _bench = new();
    private readonly Uuid _topic;

    public MoveEndTests()
    {
        _topic = _bench.CreateTopic("t");
        _bench.Told.Clear();
        _bench.Fill(12);
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void What_is_written_before_the_controller_knows_comes_along_however_much_it_is()
    {
        var move = _bench.MoveUntilAsked(_bench.B);
        _bench.Fill(10);
        _bench.Answer();
        _bench.Advance(1);
        Assert.Equal((0, "t-0"), (_bench.Held("a").Length, _bench.Held("b").Single()));
        Assert.True(MovesBench.IsWhole(_bench.Find()!, 22));

        // Who still holds the old view asks again.
        Assert.True(move.Source.View.IsClosed);
        Assert.Equal((0, 1), (_bench.A.PartitionCount, _bench.B.PartitionCount));
    }

    [Fact]
    public void What_was_copied_is_durable_before_the_controller_is_asked()
    {
        var synced = new HashSet<string>();
        _bench.Disk.Before = (call, path) => synced.UnionWith(call == "sync" ? [path] : []);
        _bench.MoveUntilAsked(_bench.B);
        var files = Directory.GetFiles(_bench.At("b"), "*.log", SearchOption.AllDirectories);
        Assert.Equal(3, files.Length);
        Assert.Superset(files.ToHashSet(), synced);
    }

    [Fact]
    public void Where_the_controller_refuses_the_replica_stays_and_the_controller_is_told_so()
    {
        var move = _bench.MoveUntilAsked(_bench.B);
        _bench.Answer(ErrorCode.UnknownServerError);
        AssertStays(move);
        Assert.Equal([_bench.A.Id], _bench.Told.Select(told => told.DirectoryId));
    }

    [Fact]
    public void A_move_that_is_cancelled_while_the_controller_is_asked_ends()
    {
        var move = _bench.MoveUntilAsked(_bench.B);
        Assert.Equal(ErrorCode.None, _bench.Ask(_bench.A));
        _bench.Answer();
        AssertStays(move);
    }

    [Fact]
    public void A_move_that_is_cancelled_while_it_copies_ends_and_leaves_nothing()
    {
        var move = _bench.MoveSlowly(_bench.B);
        Assert.Equal(ErrorCode.None, _bench.Ask(_bench.A));
        _bench.Advance(200);
        AssertStays(move);
    }

    [Fact]
    public void A_move_to_a_directory_that_fails_ends()
    {
        var move = _bench.MoveSlowly(_bench.B);
        _bench.B.Health.Fail("the test", new IOException("the test"));
        _bench.Advance(200);
        Assert.Empty(_bench.Now);
        Assert.Same(move.Source, _bench.Find());
        Assert.Equal(ErrorCode.None, _bench.Append());
    }

    [Fact]
    public void Of_a_log_whose_disk_fails_the_copy_is_kept_and_goes_on_when_the_log_is_back()
    {
        var move = _bench.MoveSlowly(_bench.B);
        var synced = new List<string>();
        _bench.Disk.Before = (call, path) => synced.AddRange(call == "sync" ? [path] : []);
        _bench.A.Health.Fail("the test", new IOException("the test"));
        _bench.Advance(200);
        Assert.Empty(_bench.Now);
        Assert.EndsWith("-future", Assert.Single(_bench.Held("b")));

        // The directory stops cleanly: the next start trusts what lies in it.
        Assert.Contains(synced, path => path.Contains("-future", StringComparison.Ordinal) && path.EndsWith(".log"));
        Assert.True(move.View!.IsClosed);
        _bench.Stop();
        _bench.Start();
        _bench.Advance(1);
        Assert.Equal((0, "t-0"), (_bench.Held("a").Length, _bench.Held("b").Single()));
        Assert.True(MovesBench.IsWhole(_bench.Find()!, 12));
    }

    [Fact]
    public void A_log_that_cannot_be_read_fails_its_own_directory()
    {
        _bench.MoveSlowly(_bench.B);
        var path = Directory.GetFiles(_bench.At("a/t-0"), "*.log").Order().ElementAt(1);
        using (var file = File.OpenWrite(path))
        {
            file.SetLength(100);
        }

        _bench.BytesPerSecond = long.MaxValue;
        _bench.Advance(200);
        Assert.Empty(_bench.Now);
        Assert.Equal((false, true), (_bench.A.IsOnline, _bench.B.IsOnline));
        Assert.Equal(ErrorCode.KafkaStorageError, _bench.Find()!.Failure!.Error);
    }

    [Fact]
    public void A_log_with_rot_stays_where_it_is()
    {
        var move = _bench.MoveSlowly(_bench.B);
        var path = Directory.GetFiles(_bench.At("a/t-0"), "*.log").Order().ElementAt(1);
        using (var file = File.OpenWrite(path))
        {
            file.Position = 400_000;
            file.Write(new byte[100]);
        }

        _bench.BytesPerSecond = long.MaxValue;
        _bench.Advance(200);
        Assert.Contains("it holds a batch that cannot be copied", Assert.Single(_bench.Reports));
        AssertStays(move);
    }

    [Fact]
    public void A_log_that_is_cut_below_its_copy_stays_where_it_is()
    {
        var move = _bench.MoveSlowly(_bench.B);
        MovesBench.OnShard(move.Source, () =>
        {
            move.Source.Log.TruncateTo(1);
            move.Source.LogWasCut();
        });
        _bench.BytesPerSecond = long.MaxValue;
        _bench.Advance(200);
        Assert.Contains("reading it answers OffsetOutOfRange", Assert.Single(_bench.Reports));
        AssertStays(move);
    }

    [Fact]
    public void A_stop_settles_nothing()
    {
        var move = _bench.MoveUntilAsked(_bench.B);
        _bench.StopMoves();
        Assert.Empty(_bench.Told);
        Assert.Same(move.Source, _bench.Find());
        _bench.Answer();
        _bench.Advance(1);
        Assert.Null(move.Source.Failure);
        Assert.EndsWith("-future", Assert.Single(_bench.Held("b")));
    }

    [Fact]
    public void A_deletion_ends_a_move_that_copies()
    {
        _bench.MoveSlowly(_bench.B);
        _bench.DeleteTopic(_topic);
        _bench.Advance(200);
        AssertNothingIsLeft();
    }

    [Fact]
    public void A_deletion_at_the_very_end_of_a_move_leaves_nothing_of_either()
    {
        var move = _bench.MoveUntilAsked(_bench.B);
        _bench.Answer();
        _bench.StepUntil(() => move.Source.Failure is not null);
        _bench.DeleteTopic(_topic);
        _bench.StepUntil(() => move.Stage == MoveStage.Ended);
        Assert.Equal(["t-0"], _bench.Held("b"));
        AssertNothingIsLeft();
    }

    [Fact]
    public void Where_the_end_of_a_move_fails_the_replica_goes_on_where_it_was()
    {
        var move = _bench.MoveUntilAsked(_bench.B);
        FailPromotion();
        _bench.Answer();
        _bench.Advance(1);
        Assert.True(move.HasFrozen);
        Assert.Equal((true, false), (_bench.A.IsOnline, _bench.B.IsOnline));
        Assert.Same(_bench.A.Health, _bench.Find()!.Shard.Health);
        Assert.Equal(ErrorCode.None, _bench.Append());
        Assert.True(MovesBench.IsWhole(_bench.Find()!, 13));
        Assert.Equal([_bench.A.Id], _bench.Told.Select(told => told.DirectoryId));
    }

    [Fact]
    public void Where_both_directories_fail_at_the_end_nothing_goes_on()
    {
        var move = _bench.MoveUntilAsked(_bench.B);
        FailPromotion();
        _bench.Answer();
        _bench.StepUntil(() => move.Source.Failure is not null);
        _bench.A.Health.Fail("the test", new IOException("the test"));
        _bench.Advance(1);
        Assert.NotNull(_bench.Find()!.Failure);
    }

    [Fact]
    public void A_replica_that_is_out_of_service_before_its_last_piece_is_not_moved()
    {
        var move = _bench.MoveUntilAsked(_bench.B);
        _bench.Answer();
        _bench.StepUntil(() => move.Stage == MoveStage.Freezing);
        var other = new ReplicaFailure(ErrorCode.NotLeaderOrFollower, "the test");
        move.Source.Fail(other);
        _bench.Advance(1);
        Assert.Same(other, _bench.Find()!.Failure);
        Assert.Empty(_bench.Held("b"));
        Assert.False(move.HasFrozen);
    }

    [Fact]
    public void A_log_whose_last_offsets_are_in_no_batch_moves_with_the_next_append()
    {
        _bench.Config = _bench.Config with { Cleanup = CleanupPolicy.Compact };
        MovesBench.OnShard(_bench.Find()!, () => _bench.Find()!.Log.Roll(_bench.Host.WallMs));
        _bench.Crash();

        // The end of a sealed segment is gone, and nothing was written behind it: a compacted log may have such a gap by right.
        var files = Directory.GetFiles(_bench.At("a/t-0"), "*.log").Order().ToArray();
        Assert.Equal(0, new FileInfo(files[^1]).Length);
        var bytes = File.ReadAllBytes(files[^2]);
        File.WriteAllBytes(files[^2], bytes[..^(int)LogFixture.HeadersOf(bytes)[^1].SizeBytes]);

        _bench.Start();
        _bench.Pump();
        var view = _bench.Find()!.View;
        Assert.Equal((11L, 12L), (LogFixture.ReadAll(view, 0)[^1].NextOffset, view.LogEndOffset));
        Assert.Equal(ErrorCode.None, _bench.Ask(_bench.B));
        _bench.Advance(1);
        Assert.Same(_bench.A.Health, _bench.Find()!.Shard.Health);
        Assert.Equal(ErrorCode.None, _bench.Append());
        _bench.Advance(600);
        Assert.Equal((0, "t-0"), (_bench.Held("a").Length, _bench.Held("b").Single()));
        Assert.Equal(13, _bench.Find()!.View.LogEndOffset);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_log_that_has_nothing_left_moves_too(bool atTheEnd)
    {
        if (atTheEnd)
        {
            _bench.MoveUntilAsked(_bench.B);
        }
        else
        {
            _bench.MoveSlowly(_bench.B);
        }

        MovesBench.OnShard(_bench.Find()!, () => Assert.Equal((ErrorCode.None, 12L), _bench.Find()!.DeleteRecords(-1)));
        _bench.BytesPerSecond = long.MaxValue;
        _bench.Answer();
        _bench.Advance(200);
        Assert.Equal((0, "t-0"), (_bench.Held("a").Length, _bench.Held("b").Single()));
        Assert.Equal((12L, 12L), (_bench.Find()!.View.LogStartOffset, _bench.Find()!.View.LogEndOffset));
        Assert.Equal(ErrorCode.None, _bench.Append());
    }

    [Fact]
    public void Jobs_that_name_the_old_files_run_before_the_old_directory_goes()
    {
        _bench.MoveUntilAsked(_bench.B);
        _bench.Answer();
        _bench.Pump(all: false);
        Assert.Equal(["t-0"], _bench.Held("b"));
        Assert.Equal(["t-0"], _bench.Held("a"));
        _bench.Advance(1);
        Assert.Empty(_bench.Held("a"));
    }

    private void AssertStays(ReplicaMove move)
    {
        _bench.Advance(1);
        Assert.Empty(_bench.Now);
        Assert.Same(move.Source, _bench.Find());
        Assert.Empty(_bench.Held("b"));
        Assert.Equal((1, 0), (_bench.A.PartitionCount, _bench.B.PartitionCount));
        Assert.True(move.View!.IsClosed);
        Assert.Equal(ErrorCode.None, _bench.Append());
    }

    private void AssertNothingIsLeft()
    {
        _bench.Advance(1);
        Assert.Empty(_bench.Now);
        Assert.Empty(_bench.Held("a"));
        Assert.Empty(_bench.Held("b"));
        Assert.Equal((0, 0), (_bench.A.PartitionCount, _bench.B.PartitionCount));
    }

    private void FailPromotion() => _bench.Disk.Before = (call, path) =>
    {
        if (call == "rename" && path.EndsWith("-future", StringComparison.Ordinal))
        {
            throw new IOException($"{call} {path}: the test fails it");
        }
    };
}
