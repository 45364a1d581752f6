using Barnabas.Broker.Network;
using Barnabas.Broker.Worlds;
using Barnabas.Messages;

namespace Barnabas.Tests.Network;

/// <summary>Answers with the body. Stateless.</summary>
internal sealed class EchoHandler(ApiKey key) : IRequestHandler
{
    public ApiKey Key => key;

    public void Handle(Request request)
    {
        request.Reply.WriteSpan(request.Body);
        request.Complete();
    }
}

/// <summary>The wires that this platform has. Stateless.</summary>
internal static class Wires
{
    public static TheoryData<WireKind> Kinds =>
        OperatingSystem.IsLinux() ? [WireKind.Epoll, WireKind.Sockets] : [WireKind.Sockets];
}
