using Barnabas.Base;
using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Groups;

/// <summary>ConsumerGroupHeartbeat: everything that a member of a consumer group says and learns.</summary>
internal sealed class ConsumerGroupHeartbeatHandler(GroupCoordinators coordinators)
    : MessageHandler<ConsumerGroupHeartbeatRequest>(ApiKey.ConsumerGroupHeartbeat)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, ConsumerGroupHeartbeatRequest message)
    {
        if (!coordinators.RunsConsumerGroups)
        {
            request.Complete(new ConsumerGroupHeartbeatResponse
            {
                ErrorCode = ErrorCode.UnsupportedVersion, ErrorMessage = GroupTexts.UnsupportedVersion,
            });
            return;
        }

        var call = new CoordinatorCall(request);
        var operation = new ConsumerHeartbeatOperation(message, CoordinatorCall.CallerOf(request), call.Answer);
        coordinators.Submit(message.GroupId, operation, call.Submitted);
    }
}
