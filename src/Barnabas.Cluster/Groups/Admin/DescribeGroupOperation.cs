using Barnabas.Base;
using Barnabas.Cluster.Groups.Classic;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Admin;

using DescribedGroup = DescribeGroupsResponse.DescribedGroup;

/// <summary>Describes one classic group. Made on any thread, then owned by the coordinator's loop.</summary>
public sealed class DescribeGroupOperation(string groupId, GroupCaller caller, Action<DescribedGroup> reply)
    : GroupRequest<DescribedGroup>(reply)
{
    private const short FirstVersionWithNotFound = 6;

    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs) =>
        Response = machine.Find(groupId) switch
        {
            ClassicGroup group => Describe(group),
            null => NotFound($"Group {groupId} not found."),
            _ => NotFound($"Group {groupId} is not a classic group."),
        };

    /// <inheritdoc/>
    protected override DescribedGroup Refusal(ErrorCode error) => new() { GroupId = groupId, ErrorCode = error };

    private DescribedGroup NotFound(string message)
    {
        var refusal = caller.Version >= FirstVersionWithNotFound
            ? new GroupRefusal(ErrorCode.GroupIdNotFound, message).Sayable
            : new GroupRefusal(ErrorCode.None, null);
        return new DescribedGroup
        {
            GroupId = groupId,
            GroupState = refusal.Error == ErrorCode.UnknownServerError ? "" : "Dead",
            ErrorCode = refusal.Error,
            ErrorMessage = refusal.Message,
        };
    }

    // Between two generations there is no protocol, and what the members said of theirs is not shown.
    private static DescribedGroup Describe(ClassicGroup group)
    {
        var isStable = group.State == ClassicState.Stable;
        var described = new DescribedGroup
        {
            GroupId = group.Id,
            GroupState = group.StateName,
            ProtocolType = group.ProtocolTypeName,
            ProtocolData = isStable ? group.ProtocolName ?? "" : "",
        };
        foreach (var member in group.Members)
        {
            described.Members.Add(new DescribeGroupsResponse.DescribedGroupMember
            {
                MemberId = member.Id,
                GroupInstanceId = member.InstanceId,
                ClientId = member.ClientId,
                ClientHost = member.ClientHost,
                MemberMetadata = isStable ? member.MetadataOf(group.ProtocolName) : [],
                MemberAssignment = member.Assignment,
            });
        }

        return described;
    }
}
