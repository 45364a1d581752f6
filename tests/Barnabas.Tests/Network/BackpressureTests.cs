using Barnabas.Base.Loops;
using Barnabas.Broker.Network;
using Barnabas.Broker.Worlds;
using Barnabas.Messages;

namespace Barnabas.Tests.Network;

/// <summary>Every bound stops the reading of sockets, never memory, and lets go when there is room.</summary>
public sealed class BackpressureTests
{
    public static TheoryData<WireKind> Kinds => Wires.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_client_that_does_not_read_is_not_read(WireKind kind)
    {
        const int Requests = 2_000;
        var started = 0;
        var handler = new HandlerOf(ApiKey.Heartbeat, request =>
        {
            Interlocked.Increment(ref started);
            request.Reply.Take(100_000).Clear();
            request.Complete();
        });
        await using var server = new TestServer(kind, TestServer.Table(handler, new EchoHandler(ApiKey.Metadata)));
        using var deaf = server.Connect(receiveBufferBytes: 64 * 1024); // else the kernel's may grow to hold a third of all
        var frame = TestClient.Frame(ApiKey.Heartbeat, 0, 1, new byte[10_000]);
        var sender = Task.Run(() =>
        {
            for (var i = 0; i < Requests; i++)
            {
                deaf.Send(frame);
            }
        });

        // Others are served meanwhile, until nothing moves any more for the one that does not read.
        using var other = server.Connect();
        for (int unchanged = 0, before = 0; unchanged < 300 && !sender.IsCompleted; unchanged++)
        {
            other.Send(TestClient.Frame(ApiKey.Metadata, 0, 1, [1]));
            Assert.NotNull(other.Receive());
            var now = Volatile.Read(ref started);
            unchanged = now == before ? unchanged : 0;
            before = now;
        }

        // What the two sockets' buffers hold, and the bound; everything would be 200 MB.
        Assert.InRange(Volatile.Read(ref started), 1, 400);
        for (var i = 0; i < Requests; i++)
        {
            Assert.Equal(100_004, deaf.Receive()!.Length);
        }

        await sender;
        Assert.Equal(Requests, started);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Parked_requests_of_a_connection_are_bounded(WireKind kind)
    {
        var parked = new List<Request>();
        var handler = new HandlerOf(ApiKey.Heartbeat, request =>
        {
            request.Applied();
            lock (parked)
            {
                parked.Add(request);
            }
        });
        var limits = new NetworkLimits { RequestsPerConnectionMax = 10 };
        await using var server = new TestServer(kind, TestServer.Table(handler, new EchoHandler(ApiKey.Metadata)), limits);
        using var client = server.Connect();
        for (var i = 0; i < 25; i++)
        {
            client.Send(TestClient.Frame(ApiKey.Heartbeat, 0, i, []));
        }

        for (var answered = 0; answered < 25;)
        {
            await TestServer.Until(() => Count(parked) == Math.Min(10, 25 - answered));
            await Settle(server);
            Assert.Equal(Math.Min(10, 25 - answered), Count(parked));
            foreach (var request in Take(parked))
            {
                request.Complete();
                Assert.Equal(answered++, TestClient.CorrelationIdOf(client.Receive()));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Requests_that_wait_for_their_effect_are_bounded_over_all_connections(WireKind kind)
    {
        var started = new List<Request>();
        var handler = new HandlerOf(ApiKey.Heartbeat, request =>
        {
            lock (started)
            {
                started.Add(request);
            }
        });
        var limits = new NetworkLimits { RequestsQueuedMax = 3 };
        await using var server = new TestServer(kind, TestServer.Table(handler), limits);
        var clients = Enumerable.Range(0, 8).Select(_ => server.Connect()).ToList();
        foreach (var client in clients)
        {
            client.Send(TestClient.Frame(ApiKey.Heartbeat, 0, 1, [1]));
        }

        for (var left = 8; left > 0;)
        {
            await TestServer.Until(() => Count(started) >= Math.Min(3, left));
            await Settle(server);

            // Two loops may each see the last free place.
            Assert.InRange(Count(started), Math.Min(3, left), 4);
            foreach (var request in Take(started))
            {
                request.Complete();
                left--;
            }
        }

        foreach (var client in clients)
        {
            Assert.NotNull(client.Receive());
            client.Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Bytes_of_frames_are_bounded_and_every_frame_ends_all_the_same(WireKind kind)
    {
        const int FrameBytes = 1_000_000;
        long most = 0;
        TestServer? running = null;
        BackgroundPool? pool = null;
        var handler = new HandlerOf(ApiKey.Heartbeat, request =>
        {
            most = Math.Max(most, running!.Server.RequestBytesHeld);
            pool!.Post(new ActionTask(request.Complete));
        });
        var limits = new NetworkLimits { RequestBytesHeldMax = 2_500_000 };
        await using var server = new TestServer(kind, TestServer.Table(handler), limits);
        running = server;
        pool = server.Background;
        await Task.WhenAll(Enumerable.Range(0, 12).Select(number => Task.Run(() =>
        {
            using var client = server.Connect();
            var frame = TestClient.Frame(ApiKey.Heartbeat, 0, number, new byte[FrameBytes]);
            for (var i = 0; i < 8; i++)
            {
                client.Send(frame);
            }

            for (var i = 0; i < 8; i++)
            {
                Assert.Equal(number, TestClient.CorrelationIdOf(client.Receive()));
            }
        })));

        // Over the bound go only the privileged frame, and first bytes that had been read already.
        Assert.InRange(Volatile.Read(ref most), FrameBytes, limits.RequestBytesHeldMax + (13 * 262_144) + (4 * FrameBytes));
        await TestServer.Until(() => server.Server.RequestBytesHeld == 0);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Frames_that_stall_half_way_do_not_hold_more_than_what_has_come(WireKind kind)
    {
        await using var server = new TestServer(kind, TestServer.Table(new EchoHandler(ApiKey.Heartbeat)));
        var frame = TestClient.Frame(ApiKey.Heartbeat, 0, 1, new byte[90_000_000]);
        var stalled = Enumerable.Range(0, 10).Select(_ => server.Connect()).ToList();
        foreach (var client in stalled)
        {
            client.Send(frame.AsSpan(0, 1000));
        }

        using var good = server.Connect();
        good.Send(TestClient.Frame(ApiKey.Heartbeat, 0, 1, [1]));
        Assert.NotNull(good.Receive());
        await TestServer.Until(() => server.Server.RequestBytesHeld >= 10 * 1000);
        Assert.InRange(server.Server.RequestBytesHeld, 10_000, 10 * 16 * 1024);
        stalled.ForEach(client => client.Dispose());
        await TestServer.Until(() => server.Server.RequestBytesHeld == 0);
    }

    /// <summary>Runs what is in the queues of the loops, twice around.</summary>
    private static async Task Settle(TestServer server)
    {
        for (var round = 0; round < 2; round++)
        {
            foreach (var loop in server.Loops)
            {
                var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                loop.Post(new ActionTask(done.SetResult));
                await done.Task;
            }
        }
    }

    private static int Count(List<Request> requests)
    {
        lock (requests)
        {
            return requests.Count;
        }
    }

    private static List<Request> Take(List<Request> requests)
    {
        lock (requests)
        {
            var taken = requests.ToList();
            requests.Clear();
            return taken;
        }
    }
}
