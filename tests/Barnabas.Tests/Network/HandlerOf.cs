using Barnabas.Broker.Network;
using Barnabas.Messages;

namespace Barnabas.Tests.Network;

/// <summary>A handler made from what a test wants to do. Stateless.</summary>
internal sealed class HandlerOf(ApiKey key, Action<Request> handle) : IRequestHandler
{
    public ApiKey Key => key;

    public void Handle(Request request) => handle(request);
}
