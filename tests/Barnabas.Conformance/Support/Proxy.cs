using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Barnabas.Conformance.Support;

/// <summary>What becomes of a frame that passes a <see cref="Proxy"/>.</summary>
internal enum Passage
{
    /// <summary>It goes on.</summary>
    Forward,

    /// <summary>It disappears; the connection stays open and silent for it.</summary>
    Swallow,

    /// <summary>It disappears and the connection is closed.</summary>
    Cut,
}

/// <summary>
/// Stands between clients and a broker, frame by frame. Two threads a connection, one each way; the two judges are called on them and
/// must be safe for that.
/// </summary>
internal sealed class Proxy : IDisposable
{
    private readonly Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> open = [];
    private volatile bool ended;

    /// <summary>Takes the next frame from a client, without its length.</summary>
    public Func<byte[], Passage> OnRequest { get; set; } = _ => Passage.Forward;

    /// <summary>Takes the API key of the request and the frame that answers it, without its length.</summary>
    public Func<int, byte[], Passage> OnResponse { get; set; } = (_, _) => Passage.Forward;

    /// <summary>The port that clients connect to.</summary>
    public int Port { get; } = Ports.Take();

    /// <summary>Starts to listen, and to pass on to the broker's listener at <paramref name="brokerPort"/>.</summary>
    public void Start(int brokerPort)
    {
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
        listener.Listen();
        Run(() =>
        {
            while (!ended)
            {
                Pass(listener.Accept(), brokerPort);
            }
        });
    }

    public void Dispose()
    {
        ended = true;
        listener.Dispose();
        lock (open)
        {
            open.ForEach(socket => socket.Dispose());
        }
    }

    private static void Run(Action pump)
    {
        var thread = new Thread(() =>
        {
            try
            {
                pump();
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException or EndOfStreamException)
            {
                // One side closed; the pump closes the other.
            }
        })
        { IsBackground = true };
        thread.Start();
    }

    private void Pass(Socket client, int brokerPort)
    {
        var broker = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        lock (open)
        {
            open.AddRange([client, broker]);
        }

        var apis = new Dictionary<int, int>(); // correlation id to API key, of requests without an answer
        Run(() =>
        {
            using (client)
            using (broker)
            {
                broker.Connect(IPAddress.Loopback, brokerPort);
                Run(() => Pump(broker, client, frame => OnResponse(ApiOf(apis, frame), frame)));
                Pump(client, broker, frame =>
                {
                    lock (apis)
                    {
                        apis[BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(4))] = BinaryPrimitives.ReadInt16BigEndian(frame);
                    }

                    return OnRequest(frame);
                });
            }
        });
    }

    private static int ApiOf(Dictionary<int, int> apis, byte[] response)
    {
        lock (apis)
        {
            return apis.Remove(BinaryPrimitives.ReadInt32BigEndian(response), out var api) ? api : -1;
        }
    }

    private static void Pump(Socket from, Socket to, Func<byte[], Passage> judge)
    {
        try
        {
            var length = new byte[4];
            while (true)
            {
                Receive(from, length);
                var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
                Receive(from, frame);
                var passage = judge(frame);
                if (passage == Passage.Cut)
                {
                    return;
                }

                if (passage == Passage.Forward)
                {
                    to.Send([length, frame]);
                }
            }
        }
        finally
        {
            from.Dispose();
            to.Dispose();
        }
    }

    private static void Receive(Socket from, byte[] bytes)
    {
        for (var at = 0; at < bytes.Length;)
        {
            var got = from.Receive(bytes.AsSpan(at));
            at += got > 0 ? got : throw new EndOfStreamException();
        }
    }
}
