using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Groups.Classic;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Groups;

/// <summary>JoinGroup: a member joins a classic group; parks until all have joined.</summary>
internal sealed class JoinGroupHandler(GroupCoordinators coordinators) : MessageHandler<JoinGroupRequest>(ApiKey.JoinGroup)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, JoinGroupRequest message)
    {
        var call = new CoordinatorCall(request);
        var operation = new JoinGroupOperation(message, CoordinatorCall.CallerOf(request), call.Answer);
        coordinators.Submit(message.GroupId, operation, call.Submitted);
    }
}
