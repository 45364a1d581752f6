using Barnabas.Base;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Admin;

/// <summary>
/// Lists the groups of one coordinator, in order of their names. Made on any thread, then owned by the coordinator's loop.
/// </summary>
/// <param name="request">States and types that are wanted, in any case of letters; none for all.</param>
/// <param name="reply">Takes this coordinator's part.</param>
public sealed class ListGroupsOperation(ListGroupsRequest request, Action<ListGroupsResponse> reply)
    : GroupRequest<ListGroupsResponse>(reply)
{
    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        var response = new ListGroupsResponse();
        foreach (var group in machine.Groups.OrderBy(group => group.Id, StringComparer.Ordinal))
        {
            if (IsWanted(group.StateName, request.StatesFilter) && IsWanted(group.Type, request.TypesFilter))
            {
                response.Groups.Add(new ListGroupsResponse.ListedGroup
                {
                    GroupId = group.Id,
                    ProtocolType = group.ProtocolTypeName,
                    GroupState = group.StateName,
                    GroupType = group.Type,
                });
            }
        }

        Response = response;
    }

    /// <inheritdoc/>
    protected override ListGroupsResponse Refusal(ErrorCode error) => new() { ErrorCode = error };

    private static bool IsWanted(string name, List<string> wanted) =>
        wanted.Count == 0 || wanted.Contains(name, StringComparer.OrdinalIgnoreCase);
}
