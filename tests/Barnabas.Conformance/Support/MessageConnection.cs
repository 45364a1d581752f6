using Barnabas.Base.Bytes;
using Barnabas.Messages;

namespace Barnabas.Conformance.Support;

/// <summary>
/// Requests and responses as messages over one blocking connection, many on their way at once. One thread. What the broker closes or resets
/// is an <see cref="EndOfStreamException"/> or a <see cref="System.Net.Sockets.SocketException"/>.
/// </summary>
internal sealed class MessageConnection(int port, int timeoutMs = 60_000) : IDisposable
{
    private readonly RawConnection connection = new(port, timeoutMs);
    private int sent;
    private int received;

    /// <summary>HOST:PORT of the broker.</summary>
    public string Address => $"127.0.0.1:{port}";

    /// <summary>Sends a request; its answer comes behind those of the requests before it.</summary>
    public void Send(IMessage request, short version)
    {
        using var writer = new ByteWriter();
        FrameCodec.WriteRequest(writer, request, version, sent++, "load");
        connection.SendFrame(writer.Written);
    }

    /// <summary>The answer to the oldest request that has none.</summary>
    public T Receive<T>(short version)
        where T : IMessage<T>
    {
        var answer = FrameCodec.DecodeResponse<T>(connection.ReceiveFrame(), version, out var correlationId);
        Assert.Equal(received++, correlationId);
        return answer;
    }

    /// <summary>Sends a request and waits for its answer.</summary>
    public T Call<T>(IMessage request, short version)
        where T : IMessage<T>
    {
        Send(request, version);
        return Receive<T>(version);
    }

    public void Dispose() => connection.Dispose();
}
