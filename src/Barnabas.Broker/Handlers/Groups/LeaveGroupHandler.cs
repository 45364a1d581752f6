using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Groups.Classic;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Groups;

/// <summary>LeaveGroup: members leave a classic group.</summary>
internal sealed class LeaveGroupHandler(GroupCoordinators coordinators) : MessageHandler<LeaveGroupRequest>(ApiKey.LeaveGroup)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, LeaveGroupRequest message)
    {
        var call = new CoordinatorCall(request);
        var operation = new LeaveGroupOperation(message, CoordinatorCall.CallerOf(request), call.Answer);
        coordinators.Submit(message.GroupId, operation, call.Submitted);
    }
}
