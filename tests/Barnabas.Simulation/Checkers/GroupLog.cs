using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Simulation.Faults;

namespace Barnabas.Simulation.Checkers;

/// <summary>
/// The oracle of one partition of <c>__consumer_offsets</c>, over all lives of the node: where commits stand, and that epochs only rise,
/// from one protocol of a group to the other too. Owned by the world.
/// </summary>
internal sealed class GroupLog(FaultCounts counts)
{
    private readonly Dictionary<(string Group, string Topic, int Partition, long Offset), long> _commits = [];
    private readonly Dictionary<(string Group, string Member), int> _epochs = [];
    private readonly Dictionary<string, int> _classicMembers = [];
    private (string Group, int Epoch, long Offset) _ended = ("", -1, -1);
    private long _committedEnd;
    private long _readEnd;

    /// <summary>True when a record says that an offset was committed, be it in a transaction, and is committed itself.</summary>
    public bool HasCommitted(string group, string topic, int partition, long offset) =>
        _commits.TryGetValue((group, topic, partition, offset), out var at) && at < _committedEnd;

    /// <summary>The log is read once more from its beginning, and ends there now.</summary>
    public void Restart(long end)
    {
        _epochs.Clear();
        _readEnd = Math.Min(_readEnd, end);
        foreach (var (commit, _) in _commits.Where(commit => commit.Value >= end).ToList())
        {
            _commits.Remove(commit);
        }
    }

    /// <summary>The log's high watermark.</summary>
    public void Commit(long highWatermark) => _committedEnd = Math.Max(_committedEnd, highWatermark);

    /// <summary>The next record.</summary>
    public void Read(GroupRecord record, long offset)
    {
        switch (record)
        {
            case GroupMetadataRecord { Value: null } classic:
                _ended = (classic.GroupId, _epochs.GetValueOrDefault((classic.GroupId, "")), offset);
                _epochs.Remove((classic.GroupId, ""));
                break;
            case GroupMetadataRecord { Value: { } value } classic:
                if (value.Members.Count > 0)
                {
                    GoOn(classic.GroupId, offset, "classic");
                }

                CheckRises(classic.GroupId, "", value.Generation);
                _classicMembers[classic.GroupId] = value.Members.Count;
                break;
            case OffsetRecord { Value: { } value } committed:
                _commits.TryAdd((committed.GroupId, committed.Topic, committed.Partition, value.Offset), offset);
                break;
            case ConsumerEpochRecord { IsTombstone: true } group:
                _ended = (group.GroupId, _epochs.GetValueOrDefault((group.GroupId, "")), offset);
                _epochs.Remove((group.GroupId, ""));
                break;
            case ConsumerEpochRecord { Value: { } value } group:
                CheckRises(group.GroupId, "", value.Epoch);
                break;
            case ConsumerMemberRecord { IsTombstone: true } member:
                _epochs.Remove((member.GroupId, member.MemberId));
                break;
            case ConsumerMemberRecord member when _classicMembers.GetValueOrDefault(member.GroupId) > 0:
                GoOn(member.GroupId, offset, "consumer");
                break;
            case ConsumerCurrentRecord { Value: { MemberEpoch: >= 0 } value } current:
                CheckRises(current.GroupId, current.MemberId, value.MemberEpoch);
                break;
        }

        _readEnd = Math.Max(_readEnd, offset + 1);
    }

    // A group that ended in the record before goes on by the other protocol, with members and generation.
    private void GoOn(string group, long offset, string protocol)
    {
        if (_ended.Group == group && _ended.Offset == offset - 1)
        {
            _epochs[(group, "")] = _ended.Epoch;
            if (offset >= _readEnd)
            {
                counts.Add($"live group became {protocol}");
            }
        }
    }

    private void CheckRises(string group, string member, int epoch)
    {
        var before = _epochs.GetValueOrDefault((group, member), -1);
        ViolationException.Unless(
            epoch >= before, $"{group}: epoch {epoch} of {(member.Length > 0 ? member : "the group")} follows {before}");
        _epochs[(group, member)] = epoch;
    }
}
