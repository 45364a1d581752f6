using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Groups.Admin;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Groups;

/// <summary>DeleteGroups: groups without members and their offsets; a name that comes twice is answered once.</summary>
internal sealed class DeleteGroupsHandler(GroupCoordinators coordinators) : MessageHandler<DeleteGroupsRequest>(ApiKey.DeleteGroups)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, DeleteGroupsRequest message)
    {
        var groups = message.GroupsNames.Distinct(StringComparer.Ordinal).ToList();
        if (groups.Count == 0)
        {
            request.Complete(new DeleteGroupsResponse());
            return;
        }

        var answers = new DeleteGroupsResponse.DeletableGroupResult[groups.Count];
        var call = new CoordinatorCall(request, groups.Count, () => new DeleteGroupsResponse { Results = [.. answers] });
        for (var i = 0; i < groups.Count; i++)
        {
            var index = i;
            var operation = new DeleteGroupOperation(groups[i], answer =>
            {
                answers[index] = answer;
                call.Answered();
            });
            coordinators.Submit(groups[i], operation, call.Submitted);
        }
    }
}
