using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Groups.Classic;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Groups;

/// <summary>SyncGroup: a member asks for its work; parks until the leader has said.</summary>
internal sealed class SyncGroupHandler(GroupCoordinators coordinators) : MessageHandler<SyncGroupRequest>(ApiKey.SyncGroup)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, SyncGroupRequest message)
    {
        var call = new CoordinatorCall(request);
        var operation = new SyncGroupOperation(message, CoordinatorCall.CallerOf(request), call.Answer);
        coordinators.Submit(message.GroupId, operation, call.Submitted);
    }
}
