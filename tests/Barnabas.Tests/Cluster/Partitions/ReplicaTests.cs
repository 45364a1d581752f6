using Barnabas.Base;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Log.Epochs;

namespace Barnabas.Tests.Cluster.Partitions;

/// <summary>A replica among others: what the leader commits, what a follower takes and cuts.</summary>
public sealed class ReplicaTests
{
    [Fact]
    public void Acks_all_waits_for_every_replica_in_sync()
    {
        using var bench = new ReplicaBench(inSync: [1, 2, 3]);
        var all = bench.Append();
        var one = bench.Append(committed: false);
        Assert.Equal((null, ErrorCode.None, 0L, 2L), (all.Outcome, one.Outcome, bench.View.HighWatermark, bench.View.LogEndOffset));
        bench.Fetch(2, 2, lastEpoch: 5);
        Assert.Null(all.Outcome);
        bench.Fetch(3, 1, lastEpoch: 5);
        Assert.Equal((ErrorCode.None, 1L), (all.Outcome, bench.View.HighWatermark));
    }

    [Fact]
    public void A_follower_whose_log_parts_from_the_leaders_is_not_counted()
    {
        using var bench = new ReplicaBench(inSync: [1, 2]);
        bench.Append();
        bench.Append();
        bench.Become(s => s with { LeaderEpoch = 8, PartitionEpoch = 2 });
        var answer = bench.Fetch(2, 3, lastEpoch: 5, leaderEpoch: 8);
        Assert.Equal((ErrorCode.None, new EpochEntry(5, 2)), (answer.Error, answer.Diverging));
        answer = bench.Fetch(2, 2, lastEpoch: 7, leaderEpoch: 8);
        Assert.Equal((ErrorCode.None, new EpochEntry(5, 2)), (answer.Error, answer.Diverging));
        Assert.Equal(0, bench.View.HighWatermark);
        bench.Fetch(2, 2, lastEpoch: 5, leaderEpoch: 8);
        Assert.Equal(2, bench.View.HighWatermark);
    }

    [Fact]
    public void A_follower_is_told_when_it_asks_in_another_epoch_or_outside_of_the_log()
    {
        using var bench = new ReplicaBench(inSync: [1, 2]);
        bench.Append();
        Assert.Equal(ErrorCode.FencedLeaderEpoch, bench.Fetch(2, 1, leaderEpoch: 4).Error);
        Assert.Equal(ErrorCode.UnknownLeaderEpoch, bench.Fetch(2, 1, leaderEpoch: 6).Error);
        Assert.Equal(ErrorCode.OffsetOutOfRange, bench.Fetch(2, 2).Error);
        Assert.Equal(0, bench.View.HighWatermark);
    }

    [Fact]
    public void A_leader_answers_in_the_turn_in_which_it_becomes_one()
    {
        using var bench = new ReplicaBench(isLeader: false, inSync: [1, 2]);
        bench.Copy(epoch: 5, offset: 0);
        FollowerAnswer answer = default;
        var knows = true;
        bench.Turn(
            () => bench.Replica.Become(bench.Replica.State with { LeaderId = 1, IsLeader = true, LeaderEpoch = 8, PartitionEpoch = 2 }),
            () => knows = bench.View.KnowsWhatWasCommittedBefore(8),
            () => answer = bench.Replica.Followers.Fetches(2, 8, fetchOffset: 2, lastEpoch: 7, followersStart: 0));
        Assert.Equal((ErrorCode.None, new EpochEntry(5, 1)), (answer.Error, answer.Diverging));
        Assert.False(knows);
        Assert.False(bench.View.KnowsWhatWasCommittedBefore(8));
        bench.Fetch(2, 1, lastEpoch: 5, leaderEpoch: 8);
        Assert.True(bench.View.KnowsWhatWasCommittedBefore(8));
    }

    [Fact]
    public void A_follower_of_which_nothing_can_be_compared_any_more_has_to_drop_all_that_it_has()
    {
        using var bench = new ReplicaBench(inSync: [1]);
        bench.Append();
        bench.Become(s => s with { LeaderEpoch = 8, PartitionEpoch = 2 });
        bench.Turn(() => bench.Replica.DeleteRecords(1));
        bench.Become(s => s with { PartitionEpoch = 3, InSyncReplicas = [1, 2] });
        var taken = true;
        var answer = bench.Fetch(2, 1, lastEpoch: 7, leaderEpoch: 8, start: 0);
        bench.Turn(() => taken = bench.Replica.Followers.TryPropose(2));
        Assert.Equal((ErrorCode.None, new EpochEntry(7, 0), false), (answer.Error, answer.Diverging, taken));
        bench.Fetch(2, 1, lastEpoch: -1, leaderEpoch: 8, start: 1);
        bench.Turn(() => taken = bench.Replica.Followers.TryPropose(2));
        Assert.True(taken);
    }

    [Fact]
    public void What_a_follower_told_counts_in_that_leader_epoch_only()
    {
        using var bench = new ReplicaBench(inSync: [1]);
        bench.Append();
        bench.Fetch(2, 1, lastEpoch: 5);
        bench.Become(s => s with { LeaderEpoch = 6, PartitionEpoch = 2, InSyncReplicas = [1, 2] });
        var produced = bench.Append();
        Assert.Equal((null, 1L), (produced.Outcome, bench.View.HighWatermark));
        bench.Fetch(2, 2, lastEpoch: 6, leaderEpoch: 6);
        Assert.Equal(ErrorCode.None, produced.Outcome);
    }

    [Fact]
    public void A_follower_that_is_proposed_is_waited_for_until_the_metadata_answers()
    {
        using var bench = new ReplicaBench(inSync: [1]);
        bench.Append();
        var taken = true;
        bench.Turn(() => taken = bench.Replica.Followers.TryPropose(2));
        Assert.False(taken);
        bench.Fetch(2, 1, lastEpoch: 5);
        bench.Turn(() => taken = bench.Replica.Followers.TryPropose(2));
        Assert.True(taken);
        var produced = bench.Append();
        Assert.Null(produced.Outcome);
        bench.Become(s => s with { PartitionEpoch = 2 });
        Assert.Equal(ErrorCode.None, produced.Outcome);
    }

    [Fact]
    public void A_follower_that_lacks_what_was_written_before_this_leader_is_not_proposed()
    {
        using var bench = new ReplicaBench(inSync: [1, 3]);
        bench.Append();
        bench.Become(s => s with { LeaderEpoch = 6, PartitionEpoch = 2 });
        bench.Fetch(2, 0, leaderEpoch: 6);
        var taken = true;
        bench.Turn(() => taken = bench.Replica.Followers.TryPropose(2));
        Assert.Equal((0L, false), (bench.View.HighWatermark, taken));
    }

    [Fact]
    public void Too_few_in_sync_when_it_is_committed_is_said()
    {
        using var bench = new ReplicaBench(LogConfig.Default with { MinInsyncReplicas = 2 }, inSync: [1, 2]);
        var produced = bench.Append();
        Assert.Null(produced.Outcome);
        bench.Become(s => s with { PartitionEpoch = 2, InSyncReplicas = [1] });
        Assert.Equal((ErrorCode.NotEnoughReplicasAfterAppend, 1L), (produced.Outcome, bench.View.HighWatermark));
        Assert.Equal(ErrorCode.NotEnoughReplicas, bench.Append().Outcome);
    }

    [Fact]
    public void An_append_of_the_turn_in_which_the_leader_goes_is_not_acknowledged_by_the_next_ones_records()
    {
        using var bench = new ReplicaBench(inSync: [1, 2]);
        var produced = bench.Produce();
        bench.Turn(produced.Task.Run, () => bench.Replica.Become(bench.Replica.State with
        {
            LeaderId = 2, IsLeader = false, LeaderEpoch = 6, PartitionEpoch = 2,
        }));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, produced.Outcome);
    }

    [Fact]
    public void An_append_of_the_turn_in_which_too_few_are_left_is_not_acknowledged_as_if_there_were_enough()
    {
        using var bench = new ReplicaBench(LogConfig.Default with { MinInsyncReplicas = 2 }, inSync: [1, 2]);
        var produced = bench.Produce();
        bench.Turn(produced.Task.Run, () => bench.Replica.Become(bench.Replica.State with { PartitionEpoch = 2, InSyncReplicas = [1] }));
        Assert.Equal((ErrorCode.NotEnoughReplicasAfterAppend, 1L), (produced.Outcome, bench.View.HighWatermark));
    }

    [Fact]
    public void What_was_appended_in_the_turn_of_a_stop_is_in_the_log_when_it_closes()
    {
        using var bench = new ReplicaBench(inSync: [1]);
        var produced = bench.Produce();
        bench.Turn(produced.Task.Run, () => bench.Replica.Retire(new ReplicaFailure(ErrorCode.NotLeaderOrFollower, "the broker stops")));
        Assert.Equal(ErrorCode.None, produced.Outcome);
        bench.Replica.CloseLog();
        Assert.Equal(1, bench.Replica.Log.LogEndOffset);
    }

    [Fact]
    public void Acks_one_with_a_flush_waits_for_this_disk_alone()
    {
        using var bench = new ReplicaBench(LogConfig.Default with { FlushOnAck = true }, inSync: [1, 2]);
        Assert.Equal(ErrorCode.None, bench.Append(committed: false).Outcome);
        Assert.Equal((0L, 1L), (bench.View.HighWatermark, bench.Replica.Log.RecoveryPoint));
    }

    [Fact]
    public void A_parked_append_times_out()
    {
        using var bench = new ReplicaBench(inSync: [1, 2]);
        var produced = bench.Append();
        bench.Advance(1_001);
        Assert.Equal(ErrorCode.RequestTimedOut, produced.Outcome);
        bench.Fetch(2, 1, lastEpoch: 5);
        Assert.Equal(1, bench.View.HighWatermark);
    }

    [Fact]
    public void A_followers_fetch_is_woken_by_the_log_end_and_a_consumers_by_what_is_committed()
    {
        using var bench = new ReplicaBench(inSync: [1, 2]);
        var (follower, consumer) = (new Wait(), new Wait());
        bench.Turn(follower.Register(bench.Replica, isFollower: true), consumer.Register(bench.Replica, isFollower: false));
        bench.Append();
        Assert.Equal((1, 0), (follower.Wakes, consumer.Wakes));
        bench.Fetch(2, 1, lastEpoch: 5);
        Assert.Equal((1, 1), (follower.Wakes, consumer.Wakes));
    }

    [Fact]
    public void A_follower_takes_batches_as_they_are_and_the_high_watermark_as_far_as_it_has_them()
    {
        using var bench = new ReplicaBench(isLeader: false, inSync: [1, 2]);
        Assert.Equal(ErrorCode.None, bench.Copy(epoch: 3, offset: 0, highWatermark: 9));
        Assert.Equal(ErrorCode.None, bench.Copy(epoch: 5, offset: 1, highWatermark: 1));
        Assert.Equal((2L, 2L), (bench.View.LogEndOffset, bench.View.HighWatermark));
        Assert.Equal([new EpochEntry(3, 0), new EpochEntry(5, 1)], bench.View.Epochs.Entries);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, bench.Append().Outcome);
    }

    [Fact]
    public void A_log_is_not_cut_while_a_flush_may_bring_back_what_the_cut_takes_away()
    {
        using var bench = new ReplicaBench(LogConfig.Default with { FlushOnAck = true }, isLeader: false, inSync: [1, 2]);
        bench.Copy(epoch: 3, offset: 0);
        var meanwhile = ErrorCode.None;
        bench.Copy(epoch: 3, offset: 1, then: () =>
        {
            bench.Replica.Settle();
            meanwhile = bench.TruncateNow(epoch: 3, endOffset: 0);
        });
        Assert.Equal((ErrorCode.ReplicaNotAvailable, 2L), (meanwhile, bench.View.LogEndOffset));
        Assert.Equal((ErrorCode.None, 0L), (bench.Truncate(epoch: 3, endOffset: 0), bench.View.LogEndOffset));
    }

    [Fact]
    public void An_answer_that_is_too_late_changes_nothing()
    {
        using var bench = new ReplicaBench(isLeader: false, inSync: [1, 2]);
        Assert.Equal(ErrorCode.FencedLeaderEpoch, bench.Copy(epoch: 4, offset: 0, leaderEpoch: 4));
        Assert.Equal(ErrorCode.OffsetOutOfRange, bench.Copy(epoch: 5, offset: 3, fetchOffset: 3));
        Assert.Equal(ErrorCode.FencedLeaderEpoch, bench.Truncate(3, 0, leaderEpoch: 4));
        Assert.Equal(ErrorCode.None, bench.Copy(epoch: 5, offset: 0));
        Assert.Equal(ErrorCode.OffsetOutOfRange, bench.Truncate(3, 0, lastEpoch: 3));
        Assert.Equal(ErrorCode.OffsetOutOfRange, bench.Copy(epoch: 5, offset: 1, lastEpoch: 3));
        Assert.Equal(1, bench.View.LogEndOffset);
        Assert.Equal(ErrorCode.OffsetOutOfRange, bench.Truncate(3, 0, fetchOffset: 4));
        bench.Become(s => s with { LeaderId = 1, IsLeader = true, LeaderEpoch = 6, PartitionEpoch = 2 });
        Assert.Equal(ErrorCode.NotLeaderOrFollower, bench.Copy(epoch: 5, offset: 1));
        Assert.Equal(1, bench.View.LogEndOffset);
    }

    [Fact]
    public void A_follower_cuts_where_both_logs_still_had_the_same_epoch()
    {
        using var bench = new ReplicaBench(isLeader: false, inSync: [1, 2]);
        bench.Copy(epoch: 1, offset: 0);
        bench.Copy(epoch: 2, offset: 1);
        bench.Copy(epoch: 4, offset: 2, highWatermark: 1);
        // The leader had epoch 3 from offset 2 on, and nothing of 4.
        Assert.Equal(ErrorCode.None, bench.Truncate(epoch: 3, endOffset: 7));
        Assert.Equal((2L, 1L), (bench.View.LogEndOffset, bench.View.HighWatermark));
    }

    [Fact]
    public void A_follower_of_which_the_leader_knows_nothing_more_starts_over()
    {
        using var bench = new ReplicaBench(isLeader: false, inSync: [1, 2]);
        bench.Copy(epoch: 1, offset: 0);
        bench.Copy(epoch: 2, offset: 1);
        // The leader's log begins at 1, with epoch 5: what it had below may have been something else.
        Assert.Equal(ErrorCode.None, bench.Truncate(epoch: 2, endOffset: 1, leaderStart: 1));
        Assert.Equal((1L, 1L, 1L), (bench.View.FirstSegmentOffset, bench.View.LogStartOffset, bench.View.LogEndOffset));
    }

    [Fact]
    public void A_follower_shows_the_leaders_start_together_with_the_high_watermark()
    {
        using var bench = new ReplicaBench(isLeader: false, inSync: [1, 2]);
        bench.Copy(epoch: 5, offset: 0);
        bench.Copy(epoch: 5, offset: 1, highWatermark: 2, leaderStart: 1);
        Assert.Equal((1L, 2L), (bench.View.LogStartOffset, bench.View.HighWatermark));
        bench.Copy(epoch: 5, offset: 2, highWatermark: 2, leaderStart: 2);
        Assert.Equal((2L, 2L), (bench.View.LogStartOffset, bench.View.HighWatermark));
    }

    [Fact]
    public void An_epoch_in_which_nothing_was_written_does_not_claim_an_older_leaders_records()
    {
        using var bench = new ReplicaBench(inSync: [1, 2]);
        bench.Become(s => s with { LeaderId = 2, IsLeader = false, LeaderEpoch = 6, PartitionEpoch = 2 });
        Assert.Equal(ErrorCode.None, bench.Copy(epoch: 4, offset: 0));
        Assert.Equal(ErrorCode.None, bench.Copy(epoch: 6, offset: 1));
        Assert.Equal([new EpochEntry(4, 0), new EpochEntry(6, 1)], bench.View.Epochs.Entries);
    }

    [Fact]
    public void A_follower_outside_of_the_leaders_log_starts_over()
    {
        using var bench = new ReplicaBench(isLeader: false, inSync: [2]);
        bench.Copy(epoch: 5, offset: 0, highWatermark: 1);
        Assert.Equal(ErrorCode.OffsetOutOfRange, bench.StartOver(leaderStart: 100, fetchOffset: 0));
        Assert.Equal(ErrorCode.OffsetOutOfRange, bench.StartOver(leaderStart: 1));
        Assert.Equal(ErrorCode.None, bench.StartOver(leaderStart: 100));
        Assert.Equal((100L, 100L, 100L), (bench.View.LogStartOffset, bench.View.HighWatermark, bench.View.LogEndOffset));
        Assert.Equal(ErrorCode.None, bench.Copy(epoch: 5, offset: 100, highWatermark: 101));
    }

    private sealed class Wait : FetchWait
    {
        private readonly FetchInterestTask _task = new();

        public int Wakes { get; private set; }

        public Action Register(Replica replica, bool isFollower)
        {
            Arm(1);
            _task.Begin(replica.Shard, this, timeoutMs: -1);
            _task.Add(new FetchInterest { IsFollower = isFollower }, replica);
            return _task.Run;
        }

        protected override void Registered()
        {
        }

        protected internal override void OnWoken() => Wakes++;

        protected override void Forgotten()
        {
        }
    }
}
