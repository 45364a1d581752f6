using System.Net;
using System.Net.Sockets;
using Barnabas.Base.Loops;
using Barnabas.Broker.Network;
using Barnabas.Broker.Worlds;
using Barnabas.Messages;

namespace Barnabas.Tests.Network;

/// <summary>A network that stops finishes what it has, and leaves nothing behind.</summary>
[Collection(nameof(WholeProcess))]
public sealed class StopTests
{
    public static TheoryData<WireKind> Kinds => Wires.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Fifty_starts_and_stops_leave_no_thread_descriptor_or_port(WireKind kind)
    {
        await NobodyElseRuns();
        var endPoint = await StartAskAndStop(kind, new IPEndPoint(IPAddress.Loopback, 0));
        await TestServer.Until(() => Threads() == 0);
        var descriptors = Descriptors();
        for (var i = 0; i < 50; i++)
        {
            await StartAskAndStop(kind, endPoint);
        }

        await TestServer.Until(() => Threads() == 0);

        // The runtime opens a few of its own; one that is left behind by each start makes fifty.
        await TestServer.Until(() => Descriptors() < descriptors + 10);
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(endPoint);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Fifty_at_once_share_their_threads(WireKind kind)
    {
        await NobodyElseRuns();
        var table = TestServer.Table(new EchoHandler(ApiKey.Heartbeat));
        var servers = Enumerable.Range(0, 50).Select(_ => new TestServer(kind, table)).ToList();
        foreach (var server in servers)
        {
            Ask(server.Listener.EndPoint);
        }

        // Two I/O threads, the one for control, three for the background.
        Assert.Equal(OperatingSystem.IsLinux() ? 6 : 0, Threads());
        foreach (var server in servers)
        {
            await server.DisposeAsync();
        }

        await TestServer.Until(() => Threads() == 0);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task What_is_in_flight_is_answered_and_what_comes_later_is_not(WireKind kind)
    {
        BackgroundPool? pool = null;
        using var gate = new ManualResetEventSlim();
        var handler = new HandlerOf(ApiKey.Heartbeat, request => pool!.Post(new ActionTask(() =>
        {
            gate.Wait();
            request.Complete();
        })));
        await using var server = new TestServer(kind, TestServer.Table(handler));
        pool = server.Background;
        using var busy = server.Connect();
        using var idle = server.Connect();
        busy.Send(TestClient.Frame(ApiKey.Heartbeat, 0, 1, []));
        busy.Send(TestClient.Frame(ApiKey.Heartbeat, 0, 2, []));
        await TestServer.Until(() => server.Server.RequestBytesHeld > 0 && server.Server.ConnectionCount == 2);
        var stop = server.Stop();
        Assert.Null(idle.Receive());
        Assert.False(stop.IsCompleted);
        gate.Set();
        Assert.Equal(1, TestClient.CorrelationIdOf(busy.Receive()));
        Assert.Null(busy.Receive());
        await stop;
        using var late = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.Throws<SocketException>(() => late.Connect(server.Listener.EndPoint));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Parked_requests_do_not_hold_up_the_stop_for_ever(WireKind kind)
    {
        var listener = new CompleteWhenCancelled();
        var parked = 0;
        var handler = new HandlerOf(ApiKey.Heartbeat, request =>
        {
            request.Applied();
            Assert.True(request.TryPark(listener));
            Interlocked.Increment(ref parked);
        });
        await using var server = new TestServer(kind, TestServer.Table(handler));
        using var client = server.Connect();
        client.Send(TestClient.Frame(ApiKey.Heartbeat, 0, 1, []));
        await TestServer.Until(() => Volatile.Read(ref parked) == 1);
        await server.Server.StopAsync(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, listener.Count);
        Assert.Equal(0, server.Server.ConnectionCount);
        Assert.Null(client.Receive());
    }

    /// <summary>A test that left its broker running is named here rather than waited for in vain.</summary>
    private static async Task NobodyElseRuns()
    {
        for (var look = 0; look < 10_000 && Threads() > 0; look++)
        {
            await Task.Yield();
        }

        Assert.True(Threads() == 0, "a test before this one has left its broker running");
    }

    private static async Task<IPEndPoint> StartAskAndStop(WireKind kind, IPEndPoint endPoint)
    {
        await using var server = new TestServer(kind, TestServer.Table(new EchoHandler(ApiKey.Heartbeat)), at: endPoint);
        Ask(server.Listener.EndPoint);
        return server.Listener.EndPoint;
    }

    private static void Ask(IPEndPoint endPoint)
    {
        using var client = new TestClient(endPoint);
        client.Send(TestClient.Frame(ApiKey.Heartbeat, 0, 1, [1]));
        Assert.NotNull(client.Receive());
    }

    /// <summary>Threads that this code may have started; those of the runtime and of the test runner come and go.</summary>
    private static int Threads() => OperatingSystem.IsLinux()
        ? Directory.GetDirectories("/proc/self/task").Count(task => IsOurs(Path.Combine(task, "comm")))
        : 0;

    private static bool IsOurs(string commPath)
    {
        try
        {
            var name = File.ReadAllText(commPath);
            return name.StartsWith("io-", StringComparison.Ordinal) || name.StartsWith("control", StringComparison.Ordinal)
                || name.StartsWith("background-", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static int Descriptors() => OperatingSystem.IsLinux() ? Directory.GetFiles("/proc/self/fd").Length : 0;

    private sealed class CompleteWhenCancelled : ICancelListener
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public void Cancelled(Request request)
        {
            Interlocked.Increment(ref _count);
            request.Complete();
        }
    }
}

/// <summary>Tests that count what the whole process holds run with no other beside them.</summary>
[CollectionDefinition(nameof(WholeProcess), DisableParallelization = true)]
public sealed class WholeProcess;
