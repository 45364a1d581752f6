using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;

namespace Barnabas.Simulation.Replicas;

/// <summary>What a follower asks, and what it gets.</summary>
internal sealed record FollowerRequest(
    int FollowerId, int Life, int LeaderEpoch, long FetchOffset, int LastEpoch, long LogStartOffset);

/// <summary>The leader's answer with its bytes.</summary>
internal sealed record FollowerReply(
    FollowerRequest Request, FollowerAnswer Answer, byte[] Bytes, long HighWatermark, long LogStartOffset);

/// <summary>
/// Follower fetching in the place of what will do it over the network: one request at a time, again after a silence; a late answer is given
/// to the replica all the same. Both sides of it; owned by the world.
/// </summary>
internal sealed class FollowerFetcher(ClusterWorld world, ClusterNode node, Randomness random)
{
    private const int SilenceUs = 300_000;
    private const int LagUsMax = 300_000;
    private readonly Dictionary<int, long> _servedUs = [];
    private long _asked;
    private bool _comes;

    /// <summary>Asks the leader soon, if there is one.</summary>
    public void FetchSoon()
    {
        if (_comes)
        {
            return;
        }

        _comes = true;
        var life = node.Life;
        world.Events.After(1 + random.Next(2_000), () =>
        {
            _comes = false;
            node.Receive(life, () => node.Post(Ask));
        });
    }

    /// <summary>As the leader: asks the controller to take out who has not fetched for long.</summary>
    public void CheckLag()
    {
        if (node.Replica is not { Failure: null, State.IsLeader: true } replica)
        {
            _servedUs.Clear();
            return;
        }

        var state = replica.State;
        foreach (var id in state.InSyncReplicas.Where(id => id != node.Id))
        {
            if (!_servedUs.TryGetValue(id, out var servedUs))
            {
                _servedUs[id] = world.Clock.MonotonicUs;
            }
            else if (world.Clock.MonotonicUs - servedUs > LagUsMax)
            {
                AskFor(state, [.. state.InSyncReplicas.Where(other => other != id)]);
                return;
            }
        }
    }

    // In a turn of the shard.
    private void Ask()
    {
        if (node.Replica is not { Failure: null } replica || replica.State is { IsLeader: true } or { LeaderId: < 0 })
        {
            return;
        }

        replica.Settle();
        var view = replica.View;
        if (replica.State.Config.FlushOnAck && replica.Log.RecoveryPoint < view.LogEndOffset)
        {
            // What is asked for is acknowledged with it: the disk has to have it.
            FetchSoon();
            return;
        }

        var state = replica.State;
        var request = new FollowerRequest(
            node.Id, node.Life, state.LeaderEpoch, view.LogEndOffset, replica.Following.LastEpoch, view.LogStartOffset);
        var asked = ++_asked;
        var leader = world.NodeOf(state.LeaderId);
        var life = node.Life;
        node.SendTo(leader, () => leader.Fetcher.Serve(request, reply => leader.SendTo(node, () =>
        {
            if (life == node.Life)
            {
                Take(asked, reply);
            }
        })));
        world.Events.After(SilenceUs, () => node.Receive(life, () => Again(asked)));
    }

    private void Again(long asked)
    {
        if (asked == _asked)
        {
            FetchSoon();
        }
    }

    // On the leader's node.
    private void Serve(FollowerRequest request, Action<FollowerReply> reply)
    {
        if (node.Replica is not { } replica)
        {
            return;
        }

        _servedUs[request.FollowerId] = world.Clock.MonotonicUs;
        node.Post(() =>
        {
            var epoch = world.Bug == ClusterBug.FollowerEpochNotChecked ? replica.State.LeaderEpoch : request.LeaderEpoch;
            var last = world.Bug == ClusterBug.DivergenceNotChecked ? -1 : request.LastEpoch;
            var answer = replica.Followers.Fetches(request.FollowerId, epoch, request.FetchOffset, last, request.LogStartOffset);
            if (answer is { Error: ErrorCode.None, Diverging: null })
            {
                if (!replica.State.InSyncReplicas.Contains(request.FollowerId))
                {
                    Propose(replica, request);
                }

                Action read = () => Read(replica, request, reply);
                new ParkedFetch(world, node, replica, request.FetchOffset, ReadLimit.LogEnd, read).Begin(timeoutMs: 150);
            }
            else
            {
                Send(reply, new FollowerReply(request, answer, [], 0, replica.View.LogStartOffset));
            }
        });
    }

    private void Read(Replica replica, FollowerRequest request, Action<FollowerReply> reply)
    {
        var error = replica.CheckLeader(request.LeaderEpoch);
        var view = replica.View;
        var bytes = Array.Empty<byte>();
        if (error == ErrorCode.None)
        {
            var slice = view.Slice(request.FetchOffset, 2_000, ReadLimit.LogEnd, minOneBatch: true);
            error = slice.ErrorCode;
            bytes = ClusterHistory.Copy(slice);
        }

        Send(reply, new FollowerReply(request, new FollowerAnswer(error, null), bytes, view.HighWatermark, view.LogStartOffset));
    }

    private void Send(Action<FollowerReply> reply, FollowerReply what)
    {
        if (random.Next(100) < world.Scenario.LateAnswerPercent)
        {
            world.Events.After(random.Next(2_000_000), () => reply(what));
        }
        else
        {
            reply(what);
        }
    }

    // Names the process that has fetched: another one on its node may not have what that had.
    private void Propose(Replica replica, FollowerRequest request)
    {
        var state = replica.State;
        if (world.Bug == ClusterBug.JoinsUnseen || replica.Followers.TryPropose(request.FollowerId))
        {
            AskFor(state, [.. state.InSyncReplicas, request.FollowerId], (request.FollowerId, request.Life));
        }
    }

    private void AskFor(ReplicaState state, List<int> inSync, (int Id, int Life)? joins = null)
    {
        var life = node.Life;
        world.Events.After(world.DelayUs(), () => node.Receive(life, () =>
        {
            var isCurrent = joins is not { } joining || world.Controller.IsCurrent(joining.Id, joining.Life);
            world.Controller.Alter(state.LeaderEpoch, state.PartitionEpoch, inSync, isCurrent);
        }));
    }

    // On the follower's node again.
    private void Take(long asked, FollowerReply reply)
    {
        node.Post(() =>
        {
            if (node.Replica is { Failure: null } replica)
            {
                Take(replica, reply);
            }
        });
        Again(asked);
    }

    private void Take(Replica replica, FollowerReply reply)
    {
        var (request, answer) = (reply.Request, reply.Answer);
        var isPlanted = world.Bug == ClusterBug.LateAnswerTaken;
        var taken = new LeaderAnswer(
            isPlanted ? replica.State.LeaderEpoch : request.LeaderEpoch,
            isPlanted ? replica.Log.LogEndOffset : request.FetchOffset,
            isPlanted ? replica.Following.LastEpoch : request.LastEpoch,
            node.Hold(reply.Bytes), reply.HighWatermark, reply.LogStartOffset);
        if (answer.Diverging is { } diverging)
        {
            var before = replica.View.LogEndOffset;
            var error = replica.Following.Truncate(taken, diverging);
            world.Say($"node {node.Id} truncates for {diverging}: {error}, {before} to {replica.Log.LogEndOffset}");
            if (error == ErrorCode.None && replica.Log.LogEndOffset < before)
            {
                world.Faults.Counts.Add("follower's cut");
            }
        }
        else if (answer.Error == ErrorCode.OffsetOutOfRange)
        {
            var error = replica.Following.StartOver(taken);
            world.Say($"node {node.Id} starts over at {reply.LogStartOffset}: {error}");
        }
        else if (answer.Error == ErrorCode.None)
        {
            var error = replica.Following.Append(taken);
            if (error != ErrorCode.None)
            {
                world.Say($"node {node.Id} cannot append {request}: {error}");
            }
        }
    }
}
