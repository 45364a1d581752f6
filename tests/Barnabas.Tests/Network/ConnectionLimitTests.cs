using System.Net;
using System.Net.Sockets;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Broker.Network;
using Barnabas.Broker.Worlds;
using Barnabas.Messages;

namespace Barnabas.Tests.Network;

/// <summary>How many may connect, and for how long they may say nothing.</summary>
public sealed class ConnectionLimitTests
{
    public static TheoryData<WireKind> Kinds => Wires.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Beyond_max_connections_the_others_wait_until_one_goes(WireKind kind)
    {
        var limits = new NetworkLimits { ConnectionsMax = 3 };
        await using var server = new TestServer(kind, TestServer.Table(new EchoHandler(ApiKey.Heartbeat)), limits);
        var clients = Enumerable.Range(0, 3).Select(_ => server.Connect()).ToList();
        clients.ForEach(client => AssertServed(client));
        Assert.Equal(3, server.Server.ConnectionCount);
        using var waiting = server.Connect();
        waiting.Send(TestClient.Frame(ApiKey.Heartbeat, 0, 1, [1]));
        clients.ForEach(client => AssertServed(client));
        Assert.Equal(3, server.Server.ConnectionCount);
        Assert.Equal(0, waiting.Socket.Available);
        clients[0].Dispose();
        Assert.NotNull(waiting.Receive());
        clients.ForEach(client => client.Dispose());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Beyond_its_number_an_address_is_turned_away(WireKind kind)
    {
        var limits = new NetworkLimits
        {
            ConnectionsPerIpMax = 1,
            ConnectionsPerIpOverrides = new Dictionary<IPAddress, int> { [IPAddress.Loopback] = 2 },
        };
        await using var server = new TestServer(kind, TestServer.Table(new EchoHandler(ApiKey.Heartbeat)), limits);
        using var first = server.Connect();
        var second = server.Connect();
        AssertServed(first);
        AssertServed(second);
        using var third = server.Connect();
        Assert.Null(third.Receive());
        second.Dispose();
        await TestServer.Until(() => server.Server.ConnectionCount == 1);
        using var fourth = server.Connect();
        AssertServed(fourth);
        Assert.Equal(1, server.Server.RefusedCount);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Idle_connections_are_closed_by_the_brokers_clock(WireKind kind)
    {
        var time = new ManualTime();
        Request? parked = null;
        var parking = new HandlerOf(ApiKey.Metadata, request =>
        {
            request.Applied();
            Volatile.Write(ref parked, request);
        });
        var limits = new NetworkLimits { IdleMsMax = 1_000 };
        await using var server = new TestServer(kind, TestServer.Table(new EchoHandler(ApiKey.Heartbeat), parking), limits, time);
        using var quiet = server.Connect();
        using var lively = server.Connect();
        using var waitedFor = server.Connect();
        AssertServed(quiet);
        AssertServed(lively);
        waitedFor.Send(TestClient.Frame(ApiKey.Metadata, 0, 1, []));
        await TestServer.Until(() => Volatile.Read(ref parked) is not null);
        time.Advance(TimeSpan.FromMilliseconds(600));
        AssertServed(lively);
        time.Advance(TimeSpan.FromMilliseconds(500));
        Assert.Null(quiet.Receive());
        AssertServed(lively);
        await TestServer.Until(() => server.Server.ConnectionCount == 2);
        parked!.Complete();
        Assert.NotNull(waitedFor.Receive());
    }

    /// <summary>
    /// A client that connects while the broker starts is not served by a table that is still being filled. Paused from before it listens:
    /// at the wire's own level, for who listens cannot connect before that call is over.
    /// </summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_listener_that_begins_paused_takes_nobody_before_it_is_resumed(WireKind kind)
    {
        await using var server = new TestServer(kind, TestServer.Table(new EchoHandler(ApiKey.Heartbeat)));
        IWire wire = kind == WireKind.Epoll ? new EpollWire() : new SocketWire();
        var admitted = new TaskCompletionSource<IPEndPoint>(TaskCreationOptions.RunContinuationsAsynchronously);
        var listener = wire.Listen(new IPEndPoint(IPAddress.Loopback, 0), 10, server.Loops, new Refusing(admitted), paused: true);
        using var client = new TcpClient(AddressFamily.InterNetwork);
        await client.ConnectAsync(listener.EndPoint);
        for (var turn = 0; turn < 10; turn++)
        {
            // Each comes behind the events that the loop had.
            var ran = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            server.Loops[0].Post(new ActionTask(ran.SetResult));
            await ran.Task;
        }

        Assert.False(admitted.Task.IsCompleted);
        listener.Paused = false;
        Assert.Equal((IPEndPoint)client.Client.LocalEndPoint!, await admitted.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        listener.Close();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_port_in_use_is_named(WireKind kind)
    {
        await using var server = new TestServer(kind, TestServer.Table(new EchoHandler(ApiKey.Heartbeat)));
        var failure = Assert.Throws<IOException>(() => server.Server.Listen("SECOND", server.Listener.EndPoint, server.Listener.Handlers));
        Assert.Contains(server.Listener.EndPoint.ToString(), failure.Message);
        Assert.Contains("in use", failure.Message);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Listeners_have_their_own_names_tables_and_addresses(WireKind kind)
    {
        await using var server = new TestServer(kind, TestServer.Table(Naming()));
        var controller = new HandlerTable(ApiListeners.Controller).Add(Naming());
        var other = server.Server.Listen("CONTROLLER", new IPEndPoint(IPAddress.IPv6Any, 0), controller);
        using var first = server.Connect();
        using var second = new TestClient(new IPEndPoint(IPAddress.Loopback, other.EndPoint.Port));
        foreach (var (client, name) in new[] { (first, "PLAINTEXT"), (second, "CONTROLLER") })
        {
            client.Send(TestClient.Frame(ApiKey.DescribeCluster, 0, 1, []));
            Assert.EndsWith($"{name} 127.0.0.1", System.Text.Encoding.UTF8.GetString(client.Receive()!));
        }
    }

    private static HandlerOf Naming() => new(ApiKey.DescribeCluster, request =>
    {
        request.Reply.WriteUtf8($"{request.Connection.Listener.Name} {request.Connection.RemoteEndPoint.Address}");
        request.Complete();
    });

    private static void AssertServed(TestClient client)
    {
        try
        {
            client.Send(TestClient.Frame(ApiKey.Heartbeat, 0, 1, [1]));
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            Assert.Fail(gone.Message);
        }

        Assert.NotNull(client.Receive());
    }

    private sealed class Refusing(TaskCompletionSource<IPEndPoint> admitted) : IWireAcceptor
    {
        public bool Admit(IPEndPoint remote)
        {
            admitted.TrySetResult(remote);
            return false;
        }

        public IWireEvents? Accepted(IWireSocket socket, Loop loop) => null;

        public void Refused(string reason)
        {
        }
    }
}
