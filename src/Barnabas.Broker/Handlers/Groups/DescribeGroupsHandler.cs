using Barnabas.Base;
using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Groups.Admin;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Groups;

/// <summary>DescribeGroups: state and members of classic groups.</summary>
internal sealed class DescribeGroupsHandler(GroupCoordinators coordinators) : MessageHandler<DescribeGroupsRequest>(ApiKey.DescribeGroups)
{
    // Read, delete, describe, describe and alter configs: all that can be done to a group, while nobody is kept from anything.
    internal const int AllOperations = (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11);

    /// <inheritdoc/>
    protected override void Handle(Request request, DescribeGroupsRequest message)
    {
        var groups = message.Groups;
        if (groups.Count == 0)
        {
            request.Complete(new DescribeGroupsResponse());
            return;
        }

        var answers = new DescribeGroupsResponse.DescribedGroup[groups.Count];
        var call = new CoordinatorCall(request, groups.Count, () => new DescribeGroupsResponse { Groups = [.. answers] });
        var caller = CoordinatorCall.CallerOf(request);
        for (var i = 0; i < groups.Count; i++)
        {
            var index = i;
            var operation = new DescribeGroupOperation(groups[i], caller, answer =>
            {
                if (message.IncludeAuthorizedOperations && answer.ErrorCode == ErrorCode.None)
                {
                    answer.AuthorizedOperations = AllOperations;
                }

                answers[index] = answer;
                call.Answered();
            });
            coordinators.Submit(groups[i], operation, call.Submitted);
        }
    }
}
