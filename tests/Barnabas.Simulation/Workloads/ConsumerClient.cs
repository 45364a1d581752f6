using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Messages;
using Barnabas.Simulation.Checkers;
using Barnabas.Simulation.Runs;

namespace Barnabas.Simulation.Workloads;

using OwnedTopic = ConsumerGroupHeartbeatRequest.TopicPartitionsData;

/// <summary>
/// A member of a group of the consumer protocol: heartbeats, reads what it is told to, gives up in its own time, commits, changes what it
/// wants, leaves or falls silent. Owned by the world.
/// </summary>
internal sealed class ConsumerClient : OwnerClient
{
    private readonly string? _assignor;
    private List<string> _names = [];
    private string? _pattern;
    private bool _saysAll;

    public ConsumerClient(SimWorld world, string name, OwnershipModel group, Randomness workload)
        : base(world, name, group, workload) =>
        _assignor = workload.Next(3) switch { 0 => "range", 1 => "uniform", _ => null };

    /// <inheritdoc/>
    protected override int ThinkUs() =>
        World.IsHealing ? 100_000 : Random.Next(Random.Chance(0.03) ? 4_000_000 : Random.Chance(0.2) ? 300_000 : 40_000);

    /// <inheritdoc/>
    protected override void OnDisconnected()
    {
        base.OnDisconnected();
        _saysAll = true;
    }

    /// <inheritdoc/>
    protected override void ActAsMember()
    {
        if (Epoch == 0)
        {
            Enter();
        }
        else if (Random.Next(100) < World.Scenario.LeavePercent)
        {
            Leave(Instance is not null && Random.Chance(0.6) ? -2 : -1);
        }
        else if ((Random.Chance(0.25) && Owned.Count > 0 && TryCommit()) || (Random.Chance(0.1) && Owned.Count > 0 && TryFetch()))
        {
            return;
        }
        else
        {
            if (Random.Chance(0.08))
            {
                Choose();
                _saysAll = true;
            }

            Beat();
        }
    }

    /// <inheritdoc/>
    protected override bool HeedAsMember(ErrorCode error)
    {
        switch (error)
        {
            case ErrorCode.StaleMemberEpoch:
                // Whatever moved it on was answered to nobody.
                _saysAll = true;
                return true;
            case ErrorCode.FencedMemberEpoch or ErrorCode.UnknownMemberId or ErrorCode.FencedInstanceId or ErrorCode.GroupIdNotFound
                or ErrorCode.UnreleasedInstanceId:
                Forget();
                return true;
            default:
                return false;
        }
    }

    private void Choose()
    {
        _names = ChooseTopics(0.7);
        _pattern = Random.Chance(0.15) ? "topic.*" : "";
    }

    private void Enter()
    {
        Choose();
        if (_names.Count > 0)
        {
            MemberId = Random.NextUuid().ToString();
            Beat();
        }
    }

    private void Beat()
    {
        if (Wanted is not null && Random.Chance(0.6))
        {
            GiveUp();
        }

        var joins = Epoch == 0;
        var saysAll = joins || _saysAll || Random.Chance(0.1);
        _saysAll = false;
        var request = new ConsumerGroupHeartbeatRequest
        {
            GroupId = Group.Name,
            MemberId = MemberId,
            InstanceId = Instance,
            MemberEpoch = Epoch,
            RebalanceTimeoutMs = saysAll ? 1_000 + Random.Next(1_500) : -1,
            SubscribedTopicNames = saysAll ? _names : null,
            SubscribedTopicRegex = saysAll ? _pattern : null,
            ServerAssignor = saysAll ? _assignor : null,
            TopicPartitions = joins ? [] : saysAll || Random.Chance(0.7) ? SayOwned() : null,
        };
        var id = MemberId;
        Ask<ConsumerGroupHeartbeatResponse>(request, 1, reply =>
        {
            if (!Heed(reply.ErrorCode, $"a heartbeat in epoch {request.MemberEpoch}"))
            {
                // Whether it was heard is not known.
                _saysAll = true;
            }
            else if (id == MemberId)
            {
                Heard(reply);
            }
        }, repeatable: request.TopicPartitions is null);
    }

    private void Heard(ConsumerGroupHeartbeatResponse reply)
    {
        ViolationException.Unless(
            reply.MemberEpoch >= Epoch, $"{Name}: epoch {reply.MemberEpoch} was told after {Epoch}");
        Epoch = reply.MemberEpoch;
        if (reply.Assignment is { } assignment)
        {
            Take(assignment.TopicPartitions.SelectMany(topic => topic.Partitions.Select(at => (topic.TopicId, at))));
        }

        Group.Told(this);
    }

    private void Leave(int epoch)
    {
        var request = new ConsumerGroupHeartbeatRequest
        {
            GroupId = Group.Name, MemberId = MemberId, InstanceId = Instance, MemberEpoch = epoch,
        };
        Forget();
        Ask<ConsumerGroupHeartbeatResponse>(request, 1, reply => Heed(reply.ErrorCode, "leaving"));
    }

    private List<OwnedTopic> SayOwned() =>
        [.. Owned.GroupBy(at => at.Topic).OrderBy(topic => topic.Key.ToString(), StringComparer.Ordinal).Select(topic => new OwnedTopic
        {
            TopicId = topic.Key, Partitions = [.. topic.Select(at => at.Partition).Order()],
        })];
}
