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
internal sealed class GroupMember : MemberClient
{
    private readonly GroupModel _group;
    private readonly string? _instance;
    private readonly List<int> _work = [];
    private string _id = "";
    private int _generation = -1;
    private bool _isSynced;

    public GroupMember(SimWorld world, string name, GroupModel group, Randomness workload)
        : base(world, name, group.Name, workload)
    {
        _group = group;
        _instance = workload.Chance(0.3) ? name : null;
    }

    /// <inheritdoc/>
    protected override string Identity => $"in generation {_generation}";

    /// <inheritdoc/>
    protected override int ThinkUs() => World.IsHealing ? 100_000 : Random.Next(Random.Chance(0.02) ? 3_000_000 : 40_000);

    /// <inheritdoc/>
    protected override void ActAsMember()
    {
        if (_generation < 0)
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
        base.OnDisconnected();
        Forget();
    }

    /// <inheritdoc/>
    protected override bool HeedAsMember(ErrorCode error)
    {
        switch (error)
        {
            case ErrorCode.RebalanceInProgress or ErrorCode.IllegalGeneration:
                _generation = -1;
                return true;
            case ErrorCode.UnknownMemberId or ErrorCode.FencedInstanceId:
                Forget();
                return true;
            default:
                return error == ErrorCode.KafkaStorageError;
        }
    }

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
        Ask<JoinGroupResponse>(request, 9, reply =>
        {
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

        Ask<SyncGroupResponse>(request, 5, reply =>
        {
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

    private void Heartbeat() => Ask<HeartbeatResponse>(
        new HeartbeatRequest { GroupId = _group.Name, GenerationId = _generation, MemberId = _id, GroupInstanceId = _instance }, 4, reply =>
        {
            Heed(reply.ErrorCode, "a heartbeat");
        });

    private void Leave() => Ask<LeaveGroupResponse>(
        new LeaveGroupRequest { GroupId = _group.Name, Members = [new() { MemberId = _id, GroupInstanceId = _instance }] }, 5, reply =>
        {
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
        Ask<OffsetCommitResponse>(request, 9, reply =>
        {
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
        Ask<OffsetFetchResponse>(request, 8, reply =>
        {
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

    private void Forget()
    {
        _id = "";
        _generation = -1;
        _isSynced = false;
        _work.Clear();
    }
}
