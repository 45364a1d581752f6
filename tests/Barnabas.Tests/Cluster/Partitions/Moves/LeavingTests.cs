using Barnabas.Base;

namespace Barnabas.Tests.Cluster.Partitions.Moves;

/// <summary>A partition that goes, and one that comes under its name.</summary>
public sealed class LeavingTests : IDisposable
{
    private readonly MovesBench _bench = new();
    private readonly Uuid _topic;

    public LeavingTests()
    {
        _topic = _bench.CreateTopic("t");
        _bench.Fill(2);
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void One_of_the_same_name_waits_until_the_jobs_that_name_its_files_have_run()
    {
        _bench.DeleteTopic(_topic);
        var next = _bench.CreateTopic("t", id: 8, pumps: false);
        _bench.Pump(all: false);
        Assert.Null(_bench.Find());
        Assert.Equal(["t-0"], _bench.Held("a"));
        _bench.Advance(1);
        Assert.Equal((next, 0L), (_bench.Find()!.TopicId, _bench.Find()!.View.LogEndOffset));
    }

    [Fact]
    public void One_of_the_same_name_waits_until_a_move_has_ended()
    {
        _bench.MoveUntilAsked(_bench.B);
        _bench.DeleteTopic(_topic);
        var next = _bench.CreateTopic("t", id: 8);
        _bench.Advance(1_000);
        Assert.Null(_bench.Find());
        _bench.Answer();
        _bench.Advance(1);
        Assert.Equal((next, 0L), (_bench.Find()!.TopicId, _bench.Find()!.View.LogEndOffset));
        Assert.Equal(1, _bench.Held("a").Length + _bench.Held("b").Length);
    }

    [Fact]
    public void A_directory_counts_what_lies_in_it()
    {
        Assert.Equal((1, 0), (_bench.A.PartitionCount, _bench.B.PartitionCount));
        _bench.DeleteTopic(_topic);
        _bench.Pump();
        Assert.Equal((0, 0), (_bench.A.PartitionCount, _bench.B.PartitionCount));
    }

    [Fact]
    public void One_of_the_same_name_that_is_deleted_too_is_not_made()
    {
        _bench.DeleteTopic(_topic);
        var next = _bench.CreateTopic("t", id: 8, pumps: false);
        _bench.Pump(all: false);
        _bench.DeleteTopic(next);
        _bench.Advance(1);
        Assert.Null(_bench.Find());
        Assert.Empty(_bench.Held("a"));
        Assert.Empty(_bench.Held("b"));
    }

    [Fact]
    public void What_is_deleted_is_removed_after_the_delay_but_not_once_the_directory_is_offline_or_the_broker_has_stopped()
    {
        _bench.Config = _bench.Config with { FileDeleteDelayMs = 1_000 };
        var (inB, inA) = (_bench.CreateTopic("inB", 11), _bench.CreateTopic("inA", 12));
        Assert.Equal((2, 1), (_bench.Held("a").Length, _bench.Held("b").Length));
        _bench.DeleteTopic(inA);
        _bench.DeleteTopic(inB);
        _bench.Advance(500);
        Assert.Equal((2, 1), (_bench.Held("a").Length, _bench.Held("b").Length));
        _bench.B.Health.Fail("the test", new IOException("the test"));
        _bench.Advance(600);
        Assert.Equal((1, 1), (_bench.Held("a").Length, _bench.Held("b").Length));

        _bench.DeleteTopic(_bench.CreateTopic("last", 13));
        _bench.Advance(1);
        _bench.Stop();
        _bench.Advance(2_000);
        Assert.EndsWith("-delete", _bench.Held("a")[0]);
        _bench.Start();
        _bench.Advance(1);
        Assert.Equal(["t-0"], _bench.Held("a"));
        Assert.Empty(_bench.Held("b"));
    }

    [Fact]
    public void A_partition_for_which_there_is_no_room_is_made_once_there_is_unless_its_topic_has_gone()
    {
        _bench.Disk.IsFull = true;
        _bench.CreateTopic("late", 11);
        var gone = _bench.CreateTopic("gone", 12);
        Assert.Null(_bench.Find("late"));
        _bench.DeleteTopic(gone);
        _bench.Pump();
        _bench.Disk.IsFull = false;
        _bench.Advance(1_000);
        Assert.NotNull(_bench.Find("late"));
        Assert.Null(_bench.Find("gone"));
        Assert.True(_bench.A.IsOnline && _bench.B.IsOnline);
    }

    [Fact]
    public void Nothing_is_made_once_the_replicas_have_stopped()
    {
        _bench.Disk.IsFull = true;
        _bench.CreateTopic("late", 11);
        _bench.Disk.IsFull = false;
        _bench.Replicas.Stop(() => { });
        _bench.Pump();
        _bench.CreateTopic("next", 12);
        _bench.Advance(2_000);
        Assert.Null(_bench.Find("late"));
        Assert.Null(_bench.Find("next"));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_stop_waits_for_what_is_under_way(bool isMove)
    {
        if (isMove)
        {
            _bench.MoveUntilAsked(_bench.B);
            _bench.Answer();
        }
        else
        {
            _bench.DeleteTopic(_topic);
        }

        _bench.Pump(all: false);
        var hasStopped = false;
        _bench.Replicas.Stop(() => hasStopped = true);
        _bench.Pump(all: false);
        Assert.False(hasStopped);
        _bench.Pump();
        Assert.True(hasStopped);
        Assert.DoesNotContain("t-0", _bench.Held("a"));
    }

    [Fact]
    public void An_append_that_finds_no_room_brings_no_deleted_partition_back()
    {
        var replica = _bench.Find()!;
        _bench.DeleteTopic(_topic);
        RunOutOfRoom();
        _bench.Advance(1);
        Assert.NotNull(replica.Failure);
        Assert.Null(_bench.Find());
        Assert.Empty(_bench.Held("a"));
    }

    [Fact]
    public void An_append_that_finds_no_room_is_taken_back_unless_the_directory_has_failed_since()
    {
        RunOutOfRoom();
        _bench.Pump();
        Assert.Null(_bench.Find()!.Failure);
        Assert.True(MovesBench.IsWhole(_bench.Find()!, 2));

        // A shard may say so after another has met the fault.
        _bench.A.Health.Fail("the test", new IOException("the test"));
        _bench.Pump();
        _bench.A.Health.RanOutOfRoom!(_bench.Find()!);
        _bench.Pump();
        Assert.NotNull(_bench.Find()!.Failure);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_directory_in_which_nothing_can_be_renamed_or_cut_is_offline(bool isDeletion)
    {
        if (isDeletion)
        {
            _bench.DeleteTopic(_topic);
        }
        else
        {
            RunOutOfRoom();
        }

        _bench.Disk.FailAt = 0;
        _bench.Pump();
        Assert.Equal((false, true), (_bench.A.IsOnline, _bench.B.IsOnline));
        _bench.Disk.FailAt = int.MaxValue;
    }

    [Fact]
    public void Nothing_is_done_to_a_directory_that_is_offline()
    {
        _bench.A.Health.Fail("the test", new IOException("the test"));
        _bench.Pump();
        _bench.DeleteTopic(_topic);
        _bench.Advance(1);
        Assert.Null(_bench.Find());
        Assert.Equal(["t-0"], _bench.Held("a"));
    }

    // An append whose write the disk refuses; what follows from it is not run yet.
    private void RunOutOfRoom()
    {
        _bench.Disk.IsFull = true;
        _bench.Append();
        _bench.Disk.IsFull = false;
        Assert.Equal(ErrorCode.KafkaStorageError, _bench.Find()!.Failure!.Error);
    }
}
