using Barnabas.Base;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Admin;

using DeletedGroup = DeleteGroupsResponse.DeletableGroupResult;

/// <summary>
/// Deletes one group that has no members, and its offsets: these first, in pieces if they are many, so that a group that is cut short is
/// deleted by asking again. Made on any thread, then owned by the coordinator's loop.
/// </summary>
public sealed class DeleteGroupOperation(string groupId, Action<DeletedGroup> reply) : GroupRequest<DeletedGroup>(reply)
{
    private readonly Action<DeletedGroup> _reply = reply;
    private GroupCoordinator? _coordinator;

    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        var error = machine.Find(groupId) switch
        {
            null => ErrorCode.GroupIdNotFound,
            var group => GroupEnd.IsOver(group) ? ErrorCode.None : ErrorCode.NonEmptyGroup,
        };
        if (error != ErrorCode.None)
        {
            Response = Refusal(error);
            return;
        }

        _coordinator = machine;
        foreach (var (topic, partitions) in machine.Offsets.Of(groupId)?.Topics ?? [])
        {
            foreach (var partition in partitions.Keys)
            {
                if (decision.Count >= machine.Config.RecordsPerDecisionMax)
                {
                    return;
                }

                decision.Add(new OffsetRecord(groupId, topic, partition, null));
            }
        }

        foreach (var (topic, partition) in machine.Offsets.Pending.Of(groupId))
        {
            decision.Add(new OffsetRecord(groupId, topic, partition, null));
        }

        GroupEnd.AddTombstones(machine.Find(groupId)!, decision);
        Response = Refusal(ErrorCode.None);
    }

    /// <inheritdoc/>
    protected override DeletedGroup Refusal(ErrorCode error) => new() { GroupId = groupId, ErrorCode = error };

    /// <inheritdoc/>
    protected override DeletedGroup? LateAnswer()
    {
        _coordinator!.SubmitLater(new DeleteGroupOperation(groupId, _reply));
        return null;
    }
}
