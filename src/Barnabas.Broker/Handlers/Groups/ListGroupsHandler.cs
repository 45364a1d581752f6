using Barnabas.Base;
using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Groups.Admin;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Groups;

/// <summary>ListGroups: the groups of every coordinator on this broker.</summary>
internal sealed class ListGroupsHandler(GroupCoordinators coordinators) : MessageHandler<ListGroupsRequest>(ApiKey.ListGroups)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, ListGroupsRequest message)
    {
        var led = coordinators.Led();
        if (led.Count == 0)
        {
            request.Complete(new ListGroupsResponse());
            return;
        }

        var answers = new ListGroupsResponse[led.Count];
        var call = new CoordinatorCall(request, led.Count, () => Join(answers));
        for (var i = 0; i < led.Count; i++)
        {
            var index = i;
            var operation = new ListGroupsOperation(message, answer =>
            {
                answers[index] = answer;
                call.Answered();
            });
            GroupCoordinators.Submit(led[i], operation, call.Submitted);
        }
    }

    // A coordinator that has just left takes its groups with it; one that is loading has groups that cannot be said yet.
    private static ListGroupsResponse Join(ListGroupsResponse[] answers)
    {
        var joined = new ListGroupsResponse();
        foreach (var answer in answers)
        {
            if (answer.ErrorCode is not ErrorCode.None and not ErrorCode.NotCoordinator)
            {
                return new ListGroupsResponse { ErrorCode = answer.ErrorCode };
            }

            joined.Groups.AddRange(answer.Groups);
        }

        return joined;
    }
}
