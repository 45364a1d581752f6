using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Groups.Classic;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Groups;

/// <summary>Heartbeat: a member of a classic group is alive.</summary>
internal sealed class HeartbeatHandler(GroupCoordinators coordinators) : MessageHandler<HeartbeatRequest>(ApiKey.Heartbeat)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, HeartbeatRequest message)
    {
        var call = new CoordinatorCall(request);
        coordinators.Submit(message.GroupId, new HeartbeatOperation(message, call.Answer), call.Submitted);
    }
}
