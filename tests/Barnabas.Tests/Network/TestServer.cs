using System.Net;
using System.Net.Sockets;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Broker.Network;
using Barnabas.Broker.Worlds;
using Barnabas.Messages;

namespace Barnabas.Tests.Network;

/// <summary>A network on real sockets with handlers of the test's own. Owned by its test.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private static readonly TimeSpan DrainMax = TimeSpan.FromSeconds(20);
    private readonly IoLoopGroup _group;

    public TestServer(
        WireKind kind, HandlerTable handlers, NetworkLimits? limits = null, TimeProvider? time = null, IPEndPoint? at = null)
    {
        var clock = time is null ? SystemClock.Instance : new SystemClock(time);
        _group = IoLoopGroup.Acquire(kind, clock, ioThreads: 2);
        Background = _group.Background;
        Loops = _group.Io.Select((host, index) => new Loop($"net-{index}", host, clock)).ToArray();
        IWire wire = kind == WireKind.Epoll ? new EpollWire() : new SocketWire();
        Server = new NetworkServer(wire, Loops, limits ?? new NetworkLimits(), new NetworkLog(
            (what, fault) => Add(Faults, $"{what}: {fault.Message}"), notice => Add(Notices, notice)));
        Listener = Server.Listen("PLAINTEXT", at ?? new IPEndPoint(IPAddress.Loopback, 0), handlers);
    }

    public NetworkServer Server { get; }

    public Listener Listener { get; }

    public IoLoopGroup Group => _group;

    public Loop[] Loops { get; }

    public BackgroundPool Background { get; }

    /// <summary>Turns and tasks that the I/O threads have run.</summary>
    public long Turns => _group.Io.Sum(host => host.Thread.Turns);

    public List<string> Faults { get; } = [];

    public List<string> Notices { get; } = [];

    /// <summary>A table of the broker's listener.</summary>
    public static HandlerTable Table(params IRequestHandler[] handlers)
    {
        var table = new HandlerTable(ApiListeners.Broker);
        foreach (var handler in handlers)
        {
            table.Add(handler);
        }

        return table;
    }

    public TestClient Connect(int receiveBufferBytes = 0) => new(Listener.EndPoint, receiveBufferBytes);

    /// <summary>Waits until something that another thread brings about is so; the test's own timeout ends a wait in vain.</summary>
    public static async Task Until(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Yield();
        }
    }

    public async Task Stop() => await Server.StopAsync(DrainMax);

    public async ValueTask DisposeAsync()
    {
        await Server.StopAsync(DrainMax);
        _group.Dispose();
    }

    private static void Add(List<string> list, string line)
    {
        lock (list)
        {
            list.Add(line);
        }
    }
}

/// <summary>A plain blocking socket that speaks frames. Owned by its test.</summary>
internal sealed class TestClient : IDisposable
{
    public TestClient(IPEndPoint endPoint, int receiveBufferBytes = 0)
    {
        Socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBufferBytes > 0)
        {
            Socket.ReceiveBufferSize = receiveBufferBytes;
        }

        Socket.ReceiveTimeout = 30_000;
        Socket.Connect(endPoint);
    }

    public Socket Socket { get; }

    /// <summary>A whole frame with its length: header version 1, and the body.</summary>
    public static byte[] Frame(ApiKey key, short version, int correlationId, ReadOnlySpan<byte> body)
    {
        using var writer = new Barnabas.Base.Bytes.ByteWriter();
        writer.WriteInt32(0);
        writer.WriteInt16((short)key);
        writer.WriteInt16(version);
        writer.WriteInt32(correlationId);
        writer.WriteInt16(4);
        writer.WriteUtf8("test");
        if (ApiTable.Get(key).RequestHeaderVersion(version) >= 2)
        {
            writer.WriteUInt8(0);
        }

        writer.WriteSpan(body);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(writer.At(0, 4), writer.Length - 4);
        return writer.Written.ToArray();
    }

    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[Socket.Send(bytes)..];
        }
    }

    /// <summary>The next reply without its length, or null when the server has closed the connection.</summary>
    public byte[]? Receive()
    {
        var length = new byte[4];
        return Fill(length) ? FillNew(System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(length)) : null;
    }

    public static int CorrelationIdOf(byte[]? reply) => System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(reply!);

    public void Dispose() => Socket.Dispose();

    private byte[]? FillNew(int length)
    {
        var bytes = new byte[length];
        return Fill(bytes) ? bytes : null;
    }

    private bool Fill(Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int count;
            try
            {
                count = Socket.Receive(bytes);
            }
            catch (SocketException reset) when (reset.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted)
            {
                return false;
            }

            if (count == 0)
            {
                return false;
            }

            bytes = bytes[count..];
        }

        return true;
    }
}
