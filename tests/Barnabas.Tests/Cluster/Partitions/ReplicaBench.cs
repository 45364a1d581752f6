using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Log.Epochs;
using Barnabas.Protocol.Records;
using Barnabas.Tests.Cluster.Controller;
using Barnabas.Tests.Log;

namespace Barnabas.Tests.Cluster.Partitions;

/// <summary>One replica of a partition with three, node 1, over a log in a temporary directory. Owned by its test.</summary>
internal sealed class ReplicaBench : IDisposable
{
    private readonly LogFixture _fixture = new();
    private readonly PumpHost _host = new();
    private readonly PartitionShard _shard;

    public ReplicaBench(LogConfig? config = null, bool isLeader = true, params int[] inSync)
    {
        var health = new DirectoryHealth("", (_, e) => throw e);
        _shard = new PartitionShard(0, new Loop("shard", _host, _host), health);
        var disk = new UpkeepDisk(health, () => { }, () => { }, () => { });
        _shard.Upkeep = new LogUpkeep(new Loop("upkeep", _host, _host), () => [], new UpkeepTimes(), disk);
        var state = new ReplicaState(isLeader ? 1 : 2, 5, 1, inSync, 3, isLeader, config ?? LogConfig.Default);
        Replica = new Replica(_shard, new Uuid(1, 1), _fixture.Log, 0, 1, state);
    }

    public Replica Replica { get; }

    public LogView View => Replica.View;

    /// <summary>Everything in one turn of the shard, then all that follows from it.</summary>
    public void Turn(params Action[] actions)
    {
        foreach (var action in actions)
        {
            _shard.Loop.Post(new ActionTask(action));
        }

        _host.Pump();
    }

    public void Advance(long ms) => _host.Advance(ms);

    public void Become(Func<ReplicaState, ReplicaState> change) => Turn(() => Replica.Become(change(Replica.State)));

    /// <summary>An append of one record, ready to be posted.</summary>
    public Produced Produce(bool committed = true, int timeoutMs = 1_000) => new(Replica, committed, timeoutMs);

    public Produced Append(bool committed = true)
    {
        var produced = Produce(committed);
        Turn(produced.Task.Run);
        return produced;
    }

    public FollowerAnswer Fetch(int follower, long offset, int lastEpoch = -1, int leaderEpoch = 5, long start = 0)
    {
        FollowerAnswer answer = default;
        Turn(() => answer = Replica.Followers.Fetches(follower, leaderEpoch, offset, lastEpoch, start));
        return answer;
    }

    /// <summary>As a follower: one record of an epoch comes from the leader.</summary>
    public ErrorCode Copy(
        int epoch, long offset, long highWatermark = 0, long? fetchOffset = null, int? leaderEpoch = null, long leaderStart = 0,
        int? lastEpoch = null, Action? then = null)
    {
        var batch = LogFixture.Batch(1, new BatchOptions { BaseOffset = offset });
        BatchStamp.SetPartitionLeaderEpoch(batch, epoch);
        var lease = LogFixture.Lease(batch);
        var error = ErrorCode.UnknownServerError;
        var answer = new LeaderAnswer(
            leaderEpoch ?? Replica.State.LeaderEpoch, fetchOffset ?? offset, lastEpoch ?? Replica.Following.LastEpoch,
            lease.Piece(0, batch.Length), highWatermark, leaderStart);
        Turn(() => error = Replica.Following.Append(answer), then ?? (() => { }));
        lease.Release();
        return error;
    }

    /// <summary>As a follower: the leader's log ends there for an epoch.</summary>
    public ErrorCode Truncate(
        int epoch, long endOffset, int? leaderEpoch = null, long? fetchOffset = null, long leaderStart = 0, int? lastEpoch = null)
    {
        var error = ErrorCode.UnknownServerError;
        var answer = Answer(leaderEpoch, fetchOffset, leaderStart) with { LastEpoch = lastEpoch ?? Replica.Following.LastEpoch };
        Turn(() => error = Replica.Following.Truncate(answer, new EpochEntry(epoch, endOffset)));
        return error;
    }

    public ErrorCode TruncateNow(int epoch, long endOffset) =>
        Replica.Following.Truncate(Answer(null, null, 0), new EpochEntry(epoch, endOffset));

    public ErrorCode StartOver(long leaderStart, long? fetchOffset = null)
    {
        var error = ErrorCode.UnknownServerError;
        Turn(() => error = Replica.Following.StartOver(Answer(null, fetchOffset, leaderStart)));
        return error;
    }

    private LeaderAnswer Answer(int? leaderEpoch, long? fetchOffset, long leaderStart) =>
        new(
            leaderEpoch ?? Replica.State.LeaderEpoch, fetchOffset ?? View.LogEndOffset, Replica.Following.LastEpoch,
            default, 0, leaderStart);

    public void Dispose()
    {
        _fixture.Log.Abandon();
        _fixture.Dispose();
    }

    /// <summary>One append and what became of it.</summary>
    internal sealed class Produced : AppendGroup
    {
        private readonly PartitionAppend _part;

        public Produced(Replica replica, bool committed, int timeoutMs)
        {
            var batch = LogFixture.Batch(1, new BatchOptions());
            _part = new PartitionAppend { Replica = replica };
            _part.OwnBatch(batch);
            Task = new AppendTask();
            Task.Begin(replica.Shard, this, committed, timeoutMs);
            Task.Add(_part);
            Arm(1);
        }

        public AppendTask Task { get; }

        /// <summary>None while it waits.</summary>
        public ErrorCode? Outcome { get; private set; }

        public long Offset => _part.BaseOffset;

        protected override void Appended()
        {
        }

        protected override void Acknowledged() => Outcome = _part.Error;
    }
}
