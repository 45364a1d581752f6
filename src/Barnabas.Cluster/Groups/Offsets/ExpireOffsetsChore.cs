using Barnabas.Base;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;

namespace Barnabas.Cluster.Groups.Offsets;

/// <summary>
/// Looks for expired offsets and groups, some groups at a time, each piece in a turn of its own. Owned by the loop of the coordinator.
/// </summary>
internal sealed class ExpireOffsetsChore(GroupCoordinator coordinator, IReadOnlyList<string>? groups = null, int next = 0) : GroupChore
{
    private const int GroupsPerDecision = 500;

    private IReadOnlyList<string>? _groups = groups;
    private int _next = next;

    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        _groups ??= [.. machine.Groups.Select(group => group.Id)];
        var turn = new GroupTurn(machine, decision, machine.NowForAgesMs);
        var end = Math.Min(_groups.Count, _next + GroupsPerDecision);
        while (_next < end && OffsetExpiry.Expire(_groups[_next], turn))
        {
            _next++;
        }
    }

    /// <inheritdoc/>
    protected override void Completed(ErrorCode error)
    {
        if (!coordinator.IsActive)
        {
            return;
        }

        if (error == ErrorCode.None && _next < _groups!.Count)
        {
            coordinator.SubmitLater(new ExpireOffsetsChore(coordinator, _groups, _next));
        }
        else
        {
            coordinator.ScheduleExpiry();
        }
    }
}
