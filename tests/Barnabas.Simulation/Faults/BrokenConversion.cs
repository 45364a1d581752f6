using Barnabas.Cluster.Groups.Records;
using Barnabas.Messages;

namespace Barnabas.Simulation.Faults;

/// <summary>
/// Breaks the records by which a group goes from one protocol to the other: of each decision those behind the end of the group as it was.
/// Owned by the coordinator's loop.
/// </summary>
internal sealed class BrokenConversion
{
    private GroupRecord? _ended;

    /// <summary>A decision begins.</summary>
    public void Begin() => _ended = null;

    /// <summary>The record, and of a group that becomes one of the consumer protocol without what its members have.</summary>
    public GroupRecord WithoutWork(GroupRecord record)
    {
        if (record is ConsumerCurrentRecord { Value: { } value } current && _ended is GroupMetadataRecord)
        {
            return current with
            {
                Value = new ConsumerGroupCurrentMemberAssignmentValue
                {
                    MemberEpoch = value.MemberEpoch, PreviousMemberEpoch = value.PreviousMemberEpoch, State = value.State,
                },
            };
        }

        _ended = record is GroupMetadataRecord { Value: null } ? record : _ended;
        return record;
    }

    /// <summary>The record, and of a group that becomes classic in its first generation.</summary>
    public GroupRecord WithoutGeneration(GroupRecord record)
    {
        if (record is GroupMetadataRecord { Value: { } value } && _ended is ConsumerEpochRecord)
        {
            value.Generation = 1;
        }

        _ended = record is ConsumerEpochRecord { IsTombstone: true } ? record : _ended;
        return record;
    }
}
