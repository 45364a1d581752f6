using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Messages;
using Barnabas.Simulation.Checkers;
using Barnabas.Simulation.Runs;

namespace Barnabas.Simulation.Workloads;

/// <summary>
/// A consumer that speaks the classic protocol, in a group that others join by the consumer protocol. Gives up all that it has before it
/// joins again, or (cooperative) keeps what it may and joins once more without the rest; assigns for all where it leads. Owned by the
/// world.
/// </summary>
internal sealed class ClassicConsumer : OwnerClient
{
    private readonly bool _isCooperative;
    private readonly string[] _protocols;
    private bool _mustJoin = true;
    private int _patienceMs;
    private long _countedUntilUs;

    public ClassicConsumer(SimWorld world, string name, OwnershipModel group, bool isCooperative, Randomness workload)
        : base(world, name, group, workload)
    {
        _isCooperative = isCooperative;
        _protocols = isCooperative ? ["cooperative-sticky"]
            : workload.Chance(0.5) ? ["range", "roundrobin"] : ["roundrobin", "range"];
    }

    /// <inheritdoc/>
    protected override int ThinkUs() => World.IsHealing ? 100_000 : Random.Next(Random.Chance(0.02) ? 3_000_000 : 40_000);

    /// <inheritdoc/>
    protected override void OnDisconnected()
    {
        base.OnDisconnected();
        if (Random.Chance(0.2))
        {
            // It was its process that died.
            Forget();
        }
    }

    /// <inheritdoc/>
    protected override void ActAsMember()
    {
        if (Random.Chance(0.1) && Owned.Count > 0 && TryFetch())
        {
            return;
        }

        if (Random.Chance(0.3) && Owned.Count > 0 && TryCommit())
        {
            return;
        }

        if (_mustJoin)
        {
            Enter();
        }
        else if (Random.Chance(0.02))
        {
            Leave();
        }
        else if (Wanted is not null && Random.Chance(0.3))
        {
            GiveUp();
            _mustJoin = true;
        }
        else
        {
            Beat();
        }
    }

    /// <inheritdoc/>
    protected override bool HeedAsMember(ErrorCode error)
    {
        switch (error)
        {
            case ErrorCode.RebalanceInProgress:
                _mustJoin = true;
                return true;
            case ErrorCode.IllegalGeneration:
                Epoch = 0;
                LoseAll();
                _mustJoin = true;
                return true;
            case ErrorCode.UnknownMemberId or ErrorCode.FencedInstanceId or ErrorCode.GroupIdNotFound:
                Forget();
                return true;
            default:
                return false;
        }
    }

    /// <inheritdoc/>
    protected override void Forget()
    {
        base.Forget();
        MemberId = "";
        _mustJoin = true;
    }

    private void Beat()
    {
        var sentUs = World.Clock.MonotonicUs;
        Ask<HeartbeatResponse>(
            new HeartbeatRequest { GroupId = Group.Name, GenerationId = Epoch, MemberId = MemberId, GroupInstanceId = Instance }, 4,
            reply =>
            {
                // While it has something to give up it has no more time for that than it had at first.
                if (Heed(reply.ErrorCode, "a heartbeat") && Wanted is null)
                {
                    _countedUntilUs = sentUs + (_patienceMs * 1000L);
                }
            }, repeatable: true);
    }

    private void Leave()
    {
        var request = new LeaveGroupRequest
        {
            GroupId = Group.Name, Members = [new() { MemberId = MemberId, GroupInstanceId = Instance }],
        };
        Forget();
        Ask<LeaveGroupResponse>(request, 5, reply => Heed(reply.ErrorCode, "leaving"));
    }

    private void Enter()
    {
        var topics = ChooseTopics(0.85);
        if (topics.Count == 0)
        {
            return;
        }

        if (_isCooperative)
        {
            GiveUp();
        }
        else
        {
            LoseAll();
        }

        var said = ClassicLeader.Subscribe(
            topics, Owned.Select(at => (World.Topics.Find(topic => topic.Id == at.Topic)!.Name, at.Partition)), Epoch);
        var request = new JoinGroupRequest
        {
            GroupId = Group.Name,
            MemberId = MemberId,
            GroupInstanceId = Instance,
            ProtocolType = "consumer",
            SessionTimeoutMs = 800 + Random.Next(1_000),
            RebalanceTimeoutMs = 600 + Random.Next(1_500),
            Protocols = [.. _protocols.Select(name => new JoinGroupRequest.JoinGroupRequestProtocol { Name = name, Metadata = said })],
        };
        var sentUs = World.Clock.MonotonicUs;
        Ask<JoinGroupResponse>(request, 9, reply =>
        {
            if (reply.ErrorCode == ErrorCode.MemberIdRequired)
            {
                MemberId = reply.MemberId;
            }
            else if (Heed(reply.ErrorCode, $"joining with {Owned.Count} partitions"))
            {
                Joined(reply);
                _patienceMs = Math.Min(request.SessionTimeoutMs, request.RebalanceTimeoutMs);
                _countedUntilUs = sentUs + (_patienceMs * 1000L);
            }
        });
    }

    private void Joined(JoinGroupResponse reply)
    {
        // Without a leader it is the coordinator that assigns.
        var isLed = reply.Leader.Length > 0;
        if (World.Clock.MonotonicUs >= _countedUntilUs || (isLed && reply.GenerationId > Epoch + 1))
        {
            // It may have been put out meanwhile, and others have what it had.
            LoseAll();
        }

        MemberId = reply.MemberId;
        Epoch = isLed ? Epoch : reply.GenerationId;
        var request = new SyncGroupRequest
        {
            GroupId = Group.Name,
            GenerationId = reply.GenerationId,
            MemberId = MemberId,
            GroupInstanceId = Instance,
            ProtocolType = reply.ProtocolType,
            ProtocolName = reply.ProtocolName,
        };
        if (reply.Members.Count > 0 && !reply.SkipAssignment)
        {
            var topics = World.Topics.Where(topic => topic is { NeedsId: false, IsDeleteAsked: false });
            request.Assignments.AddRange(ClassicLeader.Share(reply.Members, topics, _isCooperative));
        }

        Ask<SyncGroupResponse>(request, 5, answer =>
        {
            if (Heed(answer.ErrorCode, "syncing"))
            {
                Synced(reply.GenerationId, isLed, answer);
            }
        });
    }

    private void Synced(int generation, bool isLed, SyncGroupResponse reply)
    {
        Epoch = generation;
        _mustJoin = false;
        Take(ClassicLeader.Read(reply.Assignment)
            .Select(at => (World.Topics.FindLast(each => each.Name == at.Topic)!.Id, at.Partition)));
        var keeps = Wanted!.SetEquals(Owned);
        if (keeps || isLed)
        {
            // A coordinator waits for what it takes away; nobody waits when the group changes its protocol behind a leader's assignment.
            GiveUp();
            _mustJoin = !keeps;
        }

        Group.Told(this);
    }
}
