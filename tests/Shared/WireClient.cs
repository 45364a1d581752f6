using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Barnabas.Base.Bytes;
using Barnabas.Messages;

namespace Barnabas.Shared;

/// <summary>A blocking connection to a broker on loopback that sends requests as objects, one at a time. One thread.</summary>
public sealed class WireClient : IDisposable
{
    private const int AnswerLimitMs = 60_000;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        NoDelay = true, ReceiveTimeout = AnswerLimitMs, SendTimeout = AnswerLimitMs,
    };

    private int _correlationId;

    /// <summary>Connects to the broker at <paramref name="port"/>.</summary>
    public WireClient(int port) => _socket.Connect(IPAddress.Loopback, port);

    /// <summary>
    /// Sends a request and waits for its answer. EndOfStreamException when the broker closes the connection instead.
    /// </summary>
    public TResponse Call<TResponse>(IMessage request, short version)
        where TResponse : IMessage<TResponse>
    {
        using var writer = new ByteWriter();
        writer.WriteInt32(0);
        FrameCodec.WriteRequest(writer, request, version, ++_correlationId, "tests");
        BinaryPrimitives.WriteInt32BigEndian(writer.At(0, 4), writer.Length - 4);
        Send(writer.Written);
        return FrameCodec.DecodeResponse<TResponse>(Receive(BinaryPrimitives.ReadInt32BigEndian(Receive(4))), version, out _);
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[_socket.Send(bytes)..];
        }
    }

    private byte[] Receive(int count)
    {
        var bytes = new byte[count];
        for (var at = 0; at < count;)
        {
            var got = _socket.Receive(bytes.AsSpan(at));
            at += got > 0 ? got : throw new EndOfStreamException("the broker closed the connection");
        }

        return bytes;
    }
}
