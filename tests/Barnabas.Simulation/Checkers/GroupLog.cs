using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Records;

namespace Barnabas.Simulation.Checkers;

/// <summary>
/// The oracle of one partition of <c>__consumer_offsets</c>, over all lives of the node: where commits stand, and that epochs only rise.
/// Owned by the world.
/// </summary>
internal sealed class GroupLog
{
    private readonly Dictionary<(string Group, string Topic, int Partition, long Offset), long> _commits = [];
    private readonly Dictionary<(string Group, string Member), int> _epochs = [];
    private long _committedEnd;

    /// <summary>True when a record says that an offset was committed, be it in a transaction, and is committed itself.</summary>
    public bool HasCommitted(string group, string topic, int partition, long offset) =>
        _commits.TryGetValue((group, topic, partition, offset), out var at) && at < _committedEnd;

    /// <summary>The log is read once more from its beginning, and ends there now.</summary>
    public void Restart(long end)
    {
        _epochs.Clear();
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
            case OffsetRecord { Value: { } value } committed:
                _commits.TryAdd((committed.GroupId, committed.Topic, committed.Partition, value.Offset), offset);
                break;
            case ConsumerEpochRecord { IsTombstone: true } group:
                _epochs.Remove((group.GroupId, ""));
                break;
            case ConsumerEpochRecord { Value: { } value } group:
                CheckRises(group.GroupId, "", value.Epoch);
                break;
            case ConsumerMemberRecord { IsTombstone: true } member:
                _epochs.Remove((member.GroupId, member.MemberId));
                break;
            case ConsumerCurrentRecord { Value: { MemberEpoch: >= 0 } value } current:
                CheckRises(current.GroupId, current.MemberId, value.MemberEpoch);
                break;
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
