using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Barnabas.Conformance.Support;

/// <summary>A blocking connection that sends and receives bytes, so that tests may send what no client would. One thread.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public RawConnection(int port, int timeoutMs = 10_000)
    {
        socket.ReceiveTimeout = timeoutMs;
        socket.SendTimeout = timeoutMs;
        socket.Connect(IPAddress.Loopback, port);
    }

    /// <summary>Sends bytes as they are.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[socket.Send(bytes)..];
        }
    }

    /// <summary>Sends a frame: its length in four bytes, then its bytes.</summary>
    public void SendFrame(ReadOnlySpan<byte> frame)
    {
        var bytes = new byte[4 + frame.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, frame.Length);
        frame.CopyTo(bytes.AsSpan(4));
        Send(bytes);
    }

    /// <summary>The next frame without its length; EndOfStreamException when the broker closed the connection.</summary>
    public byte[] ReceiveFrame()
    {
        var length = BinaryPrimitives.ReadInt32BigEndian(Receive(4));
        return Receive(length);
    }

    /// <summary>True when the broker closes or resets the connection; false when it answers or is silent until the timeout.</summary>
    public bool IsClosedByBroker()
    {
        try
        {
            return socket.Receive(new byte[1]) == 0;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown;
        }
    }

    /// <summary>API keys with the newest version that the broker at <paramref name="port"/> says it serves (ApiVersions 0).</summary>
    public static Dictionary<int, (int Lowest, int Newest)> ApiVersions(int port, int timeoutMs = 10_000)
    {
        using var connection = new RawConnection(port, timeoutMs);
        connection.SendFrame([0, 18, 0, 0, 0, 0, 0, 7, 0, 1, (byte)'c']);
        var answer = connection.ReceiveFrame();
        var count = BinaryPrimitives.ReadInt32BigEndian(answer.AsSpan(6));
        var apis = new Dictionary<int, (int, int)>(count);
        for (var at = 10; at < 10 + (count * 6); at += 6)
        {
            apis[Int16(answer, at)] = (Int16(answer, at + 2), Int16(answer, at + 4));
        }

        return apis;
    }

    public void Dispose() => socket.Dispose();

    private static int Int16(byte[] bytes, int at) => BinaryPrimitives.ReadInt16BigEndian(bytes.AsSpan(at));

    private byte[] Receive(int count)
    {
        var bytes = new byte[count];
        for (var at = 0; at < count;)
        {
            var got = socket.Receive(bytes.AsSpan(at));
            at += got > 0 ? got : throw new EndOfStreamException("the broker closed the connection");
        }

        return bytes;
    }
}
