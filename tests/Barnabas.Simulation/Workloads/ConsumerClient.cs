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
internal sealed class ConsumerClient : SimClient
{
    private readonly OwnershipModel _group;
    private readonly string? _instance;
    private readonly string? _assignor;
    private HashSet<(Uuid Topic, int Partition)>? _wanted;
    private List<string> _names = [];
    private string? _pattern;
    private bool _waits;
    private bool _knowsCoordinator;
    private bool _saysAll;

    public ConsumerClient(SimWorld world, string name, OwnershipModel group, Randomness workload)
        : base(world, name, workload)
    {
        _group = group;
        _group.Join(this);
        _instance = workload.Chance(0.3) ? name : null;
        _assignor = workload.Next(3) switch { 0 => "range", 1 => "uniform", _ => null };
    }

    public string MemberId { get; private set; } = "";

    public int Epoch { get; private set; }

    /// <summary>What it reads.</summary>
    public HashSet<(Uuid Topic, int Partition)> Owned { get; } = [];

    /// <inheritdoc/>
    public override bool IsDone => !_waits;

    /// <inheritdoc/>
    protected override int ThinkUs() =>
        World.IsHealing ? 100_000 : Random.Next(Random.Chance(0.03) ? 4_000_000 : Random.Chance(0.2) ? 300_000 : 40_000);

    /// <inheritdoc/>
    protected override void OnDisconnected()
    {
        _waits = false;
        _saysAll = true;
    }

    /// <inheritdoc/>
    protected override void Act()
    {
        if (_waits || World.IsHealing)
        {
            return;
        }

        if (!_knowsCoordinator)
        {
            FindCoordinator();
        }
        else if (Epoch == 0)
        {
            Enter();
        }
        else if (Random.Chance(0.03))
        {
            Leave(_instance is not null && Random.Chance(0.6) ? -2 : -1);
        }
        else if (Random.Chance(0.25) && Owned.Count > 0)
        {
            Commit();
        }
        else if (Random.Chance(0.1) && Owned.Count > 0)
        {
            Fetch();
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

    private void FindCoordinator() => Ask<FindCoordinatorResponse>(
        new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = [_group.Name] }, 4,
        reply => _knowsCoordinator = Heed(reply.Coordinators[0].ErrorCode, "finding the coordinator"));

    private void Choose()
    {
        _names = [];
        foreach (var topic in World.Topics.Where(topic => topic is { NeedsId: false, IsDeleteAsked: false }))
        {
            if (Random.Chance(0.7))
            {
                _names.Add(topic.Name);
            }
        }

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
        if (_wanted is not null && Random.Chance(0.6))
        {
            Owned.Clear();
            Owned.UnionWith(_wanted);
            _wanted = null;
        }

        var joins = Epoch == 0;
        var saysAll = joins || _saysAll || Random.Chance(0.1);
        _saysAll = false;
        var request = new ConsumerGroupHeartbeatRequest
        {
            GroupId = _group.Name,
            MemberId = MemberId,
            InstanceId = _instance,
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
            if (Heed(reply.ErrorCode, $"a heartbeat in epoch {request.MemberEpoch}") && id == MemberId)
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
            // What it is to give up it reads a while longer; what it gets it has at once.
            _wanted = [.. assignment.TopicPartitions.SelectMany(topic => topic.Partitions.Select(at => (topic.TopicId, at)))];
            Owned.UnionWith(_wanted);
            World.Acknowledged++;
        }

        _group.Told(this);
    }

    private void Leave(int epoch)
    {
        var request = new ConsumerGroupHeartbeatRequest
        {
            GroupId = _group.Name, MemberId = MemberId, InstanceId = _instance, MemberEpoch = epoch,
        };
        Forget();
        Ask<ConsumerGroupHeartbeatResponse>(request, 1, reply => Heed(reply.ErrorCode, "leaving"));
    }

    private void Commit()
    {
        var at = Owned.OrderBy(each => each.Partition).ElementAt(Random.Next(Owned.Count));
        if (World.Topics.Find(topic => topic.Id == at.Topic) is not { NeedsId: false } topic)
        {
            Beat();
            return;
        }

        var (offset, id, epoch, newest) = (_group.NextOffset(at), MemberId, Epoch, _group.NewestOwner(at));
        var request = new OffsetCommitRequest
        {
            GroupId = _group.Name,
            GenerationIdOrMemberEpoch = epoch,
            MemberId = id,
            GroupInstanceId = _instance,
            Topics = [new() { Name = topic.Name, Partitions = [new() { PartitionIndex = at.Partition, CommittedOffset = offset }] }],
        };
        Ask<OffsetCommitResponse>(request, 9, reply =>
        {
            var error = reply.Topics[0].Partitions[0].ErrorCode;
            if (error == ErrorCode.StaleMemberEpoch)
            {
                _saysAll = true;
            }
            else if (error == ErrorCode.UnknownTopicOrPartition)
            {
                ViolationException.Unless(World.MayBeGone(topic), $"{Name}: {error} for {topic.Name}, which is there");
            }
            else if (Heed(error, $"a commit of {offset} for {topic.Name}-{at.Partition}") && !topic.IsDeleteAsked)
            {
                World.Shadows.CheckCommitted(_group.Name, topic.Name, at.Partition, offset);
                _group.Committed(at, offset, id, epoch, newest);
                World.Acknowledged++;
            }
        });
    }

    private void Fetch()
    {
        var at = Owned.OrderBy(each => each.Partition).ElementAt(Random.Next(Owned.Count));
        if (World.Topics.Find(topic => topic.Id == at.Topic) is not { NeedsId: false } topic)
        {
            Beat();
            return;
        }

        var atLeast = _group.AtLeast(at);
        var request = new OffsetFetchRequest
        {
            Groups =
            [
                new()
                {
                    GroupId = _group.Name, MemberEpoch = -1, Topics = [new() { Name = topic.Name, PartitionIndexes = [at.Partition] }],
                },
            ],
        };
        Ask<OffsetFetchResponse>(request, 9, reply =>
        {
            if (Heed(reply.Groups[0].ErrorCode, "fetching offsets") && !topic.IsDeleteAsked)
            {
                _group.Fetched(at, reply.Groups[0].Topics[0].Partitions[0].CommittedOffset, atLeast);
            }
        });
    }

    private List<OwnedTopic> SayOwned() =>
        [.. Owned.GroupBy(at => at.Topic).OrderBy(topic => topic.Key.ToString(), StringComparer.Ordinal).Select(topic => new OwnedTopic
        {
            TopicId = topic.Key, Partitions = [.. topic.Select(at => at.Partition).Order()],
        })];

    private void Ask<TResponse>(IMessage request, short version, Action<TResponse> done, bool repeatable = false)
        where TResponse : IMessage<TResponse>
    {
        _waits = true;
        Call<TResponse>(request, version, reply =>
        {
            _waits = false;
            done(reply);
        }, repeatable);
    }

    // As client libraries do: join again, or find the coordinator again. True for no error.
    private bool Heed(ErrorCode error, string what)
    {
        World.Trace.Say(World.Clock.MonotonicUs, $"{Name}: {error} for {what} as {MemberId} in epoch {Epoch}");
        switch (error)
        {
            case ErrorCode.None:
                return true;
            case ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable or ErrorCode.CoordinatorLoadInProgress:
                _knowsCoordinator = false;
                break;
            case ErrorCode.FencedMemberEpoch or ErrorCode.UnknownMemberId or ErrorCode.FencedInstanceId or ErrorCode.GroupIdNotFound
                or ErrorCode.UnreleasedInstanceId:
                Forget();
                break;
            case ErrorCode.RequestTimedOut:
                break;
            default:
                throw new ViolationException($"{Name}: {error} for {what}");
        }

        // Whether it was heard is not known.
        _saysAll = true;
        return false;
    }

    private void Forget()
    {
        Epoch = 0;
        Owned.Clear();
        _wanted = null;
    }
}
