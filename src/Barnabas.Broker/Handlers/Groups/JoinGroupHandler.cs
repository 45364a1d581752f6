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
        var call = new GroupCall(request);
        coordinators.Submit(message.GroupId, new JoinGroupOperation(message, GroupCall.CallerOf(request), call.Answer), call);
    }
}
