using Barnabas.Base;
using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Groups;

using DescribedGroup = ConsumerGroupDescribeResponse.DescribedGroup;

/// <summary>ConsumerGroupDescribe: state, members and assignments of consumer groups.</summary>
internal sealed class ConsumerGroupDescribeHandler(GroupCoordinators coordinators)
    : MessageHandler<ConsumerGroupDescribeRequest>(ApiKey.ConsumerGroupDescribe)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, ConsumerGroupDescribeRequest message)
    {
        var ids = message.GroupIds;
        if (!coordinators.RunsConsumerGroups)
        {
            request.Complete(new ConsumerGroupDescribeResponse
            {
                Groups = ids.ConvertAll(id => new DescribedGroup { GroupId = id, ErrorCode = ErrorCode.UnsupportedVersion }),
            });
            return;
        }

        if (ids.Count == 0)
        {
            request.Complete(new ConsumerGroupDescribeResponse());
            return;
        }

        var answers = new DescribedGroup[ids.Count];
        var call = new CoordinatorCall(request, ids.Count, () => new ConsumerGroupDescribeResponse { Groups = [.. answers] });
        for (var i = 0; i < ids.Count; i++)
        {
            var index = i;
            var operation = new DescribeConsumerGroupOperation(ids[i], answer =>
            {
                if (message.IncludeAuthorizedOperations && answer.ErrorCode == ErrorCode.None)
                {
                    answer.AuthorizedOperations = DescribeGroupsHandler.AllOperations;
                }

                answers[index] = answer;
                call.Answered();
            });
            coordinators.Submit(ids[i], operation, call.Submitted);
        }
    }
}
