using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Groups;
using Barnabas.Messages;
using Barnabas.Simulation.Checkers;
using Barnabas.Simulation.Runs;

namespace Barnabas.Simulation.Workloads;

/// <summary>
/// A member of a classic group: joins, is given work, commits what it has done, asks what is committed, leaves or falls silent. One request
/// at a time; whoever loses the connection is somebody new. What it commits are offsets of the groups' own topic. Owned by the world.
/// </summary>
internal sealed class GroupMember : SimClient
{
    private readonly GroupModel _group;
    private readonly string? _instance;
    private readonly List<int> _work = [];
    private string _id = "";
    private int _generation = -1;
    private bool _waits;
    private bool _isSynced;
    private bool _knowsCoordinator;

    public GroupMember(SimWorld world, string name, GroupModel group, Randomness workload)
        : base(world, name, workload)
    {
        _group = group;
        _instance = workload.Chance(0.3) ? name : null;
    }

    /// <inheritdoc/>
    public override bool IsDone => !_waits;

    /// <inheritdoc/>
    protected override int ThinkUs() => World.IsHealing ? 100_000 : Random.Next(Random.Chance(0.02) ? 3_000_000 : 40_000);

    /// <inheritdoc/>
    protected override void Act()
    {
        if (_waits || World.IsHealing)
        {
            return;
        }

        _waits = true;
        if (!_knowsCoordinator)
        {
            FindCoordinator();
        }
        else if (_generation < 0)
        {
            Join();
        }
        else if (!_isSynced || Random.Chance(0.3))
        {
            Heartbeat();
        }
        else if (Random.Chance(0.2))
        {
            Fetch();
        }
        else if (Random.Chance(0.03))
        {
            Leave();
        }
        else
        {
            Commit();
        }
    }

    /// <inheritdoc/>
    protected override void OnDisconnected()
    {
        _waits = false;
        Forget();
    }

    private void FindCoordinator() => Call<FindCoordinatorResponse>(
        new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = [_group.Name] }, 4, reply =>
        {
            _waits = false;
            var found = reply.Coordinators[0];
            Heed(found.ErrorCode, "finding the coordinator");
            _knowsCoordinator = found.ErrorCode == ErrorCode.None;
        });

    private void Join()
    {
        var request = new JoinGroupRequest
        {
            GroupId = _group.Name,
            MemberId = _id,
            GroupInstanceId = _instance,
            ProtocolType = "consumer",
            SessionTimeoutMs = 800 + Random.Next(1_000),
            RebalanceTimeoutMs = 600 + Random.Next(1_500),
            Protocols = [new() { Name = "range", Metadata = [(byte)Random.Next(2)] }],
        };
        Call<JoinGroupResponse>(request, 9, reply =>
        {
            _waits = false;
            if (reply.ErrorCode == ErrorCode.MemberIdRequired)
            {
                _id = reply.MemberId;
            }
            else if (reply.ErrorCode != ErrorCode.None)
            {
                Heed(reply.ErrorCode, "joining");
            }
            else
            {
                _id = reply.MemberId;
                _generation = reply.GenerationId;
                _isSynced = false;
                _work.Clear();
                _waits = true;
                Sync(reply);
            }
        });
    }

    private void Sync(JoinGroupResponse joined)
    {
        var request = new SyncGroupRequest
        {
            GroupId = _group.Name,
            GenerationId = _generation,
            MemberId = _id,
            GroupInstanceId = _instance,
            ProtocolType = "consumer",
            ProtocolName = "range",
        };
        if (joined.Members.Count > 0 && !joined.SkipAssignment)
        {
            for (var i = 0; i < joined.Members.Count; i++)
            {
                var share = Enumerable.Range(0, GroupModel.Pieces).Where(piece => piece % joined.Members.Count == i);
                var work = share.Select(piece => (byte)piece).ToArray();
                request.Assignments.Add(new() { MemberId = joined.Members[i].MemberId, Assignment = work });
            }
        }

        Call<SyncGroupResponse>(request, 5, reply =>
        {
            _waits = false;
            if (Heed(reply.ErrorCode, "syncing"))
            {
                _isSynced = true;
                foreach (var piece in reply.Assignment)
                {
                    _work.Add(piece);
                    _group.Assigned(_generation, piece, _instance ?? _id);
                }
            }
        });
    }

    private void Heartbeat() => Call<HeartbeatResponse>(
        new HeartbeatRequest { GroupId = _group.Name, GenerationId = _generation, MemberId = _id, GroupInstanceId = _instance }, 4, reply =>
        {
            _waits = false;
            Heed(reply.ErrorCode, "a heartbeat");
        });

    private void Leave() => Call<LeaveGroupResponse>(
        new LeaveGroupRequest { GroupId = _group.Name, Members = [new() { MemberId = _id, GroupInstanceId = _instance }] }, 5, reply =>
        {
            _waits = false;
            Heed(reply.ErrorCode, "leaving");
            Forget();
        });

    private void Commit()
    {
        if (_work.Count == 0)
        {
            Heartbeat();
            return;
        }

        var piece = _work[Random.Next(_work.Count)];
        var offset = _group.NextOffset(piece);
        var (generation, newest) = (_generation, _group.Newest);
        var request = new OffsetCommitRequest
        {
            GroupId = _group.Name,
            GenerationIdOrMemberEpoch = _generation,
            MemberId = _id,
            GroupInstanceId = _instance,
            Topics =
            [
                new() { Name = GroupPartition.Topic, Partitions = [new() { PartitionIndex = piece, CommittedOffset = offset }] },
            ],
        };
        Call<OffsetCommitResponse>(request, 9, reply =>
        {
            _waits = false;
            if (Heed(reply.Topics[0].Partitions[0].ErrorCode, "a commit"))
            {
                World.Shadows.CheckCommitted(_group.Name, GroupPartition.Topic, piece, offset);
                _group.Committed(piece, offset, generation, newest);
                World.Acknowledged++;
            }
        });
    }

    private void Fetch()
    {
        var atLeast = _group.AtLeast();
        var losses = _group.Losses;
        var request = new OffsetFetchRequest
        {
            RequireStable = Random.Chance(0.5),
            Groups =
            [
                new()
                {
                    GroupId = _group.Name,
                    Topics = [new() { Name = GroupPartition.Topic, PartitionIndexes = [.. Enumerable.Range(0, GroupModel.Pieces)] }],
                },
            ],
        };
        Call<OffsetFetchResponse>(request, 8, reply =>
        {
            _waits = false;
            var answer = reply.Groups[0];
            if (!Heed(answer.ErrorCode, "fetching offsets"))
            {
                return;
            }

            foreach (var partition in answer.Topics[0].Partitions)
            {
                ViolationException.Unless(partition.ErrorCode == ErrorCode.None, $"{Name}: {partition.ErrorCode} for a committed offset");
                _group.Fetched(partition.PartitionIndex, partition.CommittedOffset, atLeast[partition.PartitionIndex], losses);
            }
        });
    }

    // As client libraries do: join again, as who one is or as somebody new. True for no error.
    private bool Heed(ErrorCode error, string what)
    {
        World.Trace.Say(World.Clock.MonotonicUs, $"{Name}: {error} for {what} in generation {_generation}");
        switch (error)
        {
            case ErrorCode.None:
                return true;
            case ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable or ErrorCode.CoordinatorLoadInProgress:
                _knowsCoordinator = false;
                break;
            case ErrorCode.RebalanceInProgress or ErrorCode.IllegalGeneration:
                _generation = -1;
                break;
            case ErrorCode.UnknownMemberId or ErrorCode.FencedInstanceId:
                Forget();
                break;
            case ErrorCode.RequestTimedOut or ErrorCode.KafkaStorageError:
                break;
            default:
                throw new ViolationException($"{Name}: {error} for {what}");
        }

        return false;
    }

    private void Forget()
    {
        _id = "";
        _generation = -1;
        _isSynced = false;
        _work.Clear();
    }
}
