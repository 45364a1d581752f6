using Barnabas.Base.Loops;
using Barnabas.Broker.Network;
using Barnabas.Broker.Worlds;
using Barnabas.Messages;

namespace Barnabas.Tests.Network;

/// <summary>A connection that goes away tells what is parked on it, and late completions harm nobody.</summary>
public sealed class CancelTests
{
    public static TheoryData<WireKind> Kinds => Wires.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Parked_requests_are_told_once_and_complete_late(WireKind kind)
    {
        var parking = new Parking();
        await using var server = new TestServer(kind, TestServer.Table(new HandlerOf(ApiKey.Heartbeat, parking.Park)));
        using (var client = server.Connect())
        {
            for (var i = 0; i < 5; i++)
            {
                client.Send(TestClient.Frame(ApiKey.Heartbeat, 0, i, [1, 2, 3]));
            }

            await TestServer.Until(() => parking.Parked == 5);
        }

        await TestServer.Until(() => parking.Cancelled == 5);
        Assert.Equal(0, server.Server.ConnectionCount);

        // The pooled requests serve the next client, and nothing is left over in them.
        using var next = server.Connect();
        next.Send(TestClient.Frame(ApiKey.Heartbeat, 0, 9, [1]));
        await TestServer.Until(() => parking.Parked == 6);
        parking.CompleteAll();
        Assert.Equal(9, TestClient.CorrelationIdOf(next.Receive()));
        Assert.Equal(5, parking.Cancelled);
        await TestServer.Until(() => server.Server.RequestBytesHeld == 0);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Completing_while_the_client_goes_away_is_harmless(WireKind kind)
    {
        BackgroundPool? pool = null;
        var completed = 0;
        var handler = new HandlerOf(ApiKey.Heartbeat, request => pool!.Post(new ActionTask(() =>
        {
            request.Reply.WriteSpan(request.Body);
            request.Applied();
            request.Complete();
            Interlocked.Increment(ref completed);
        })));
        await using var server = new TestServer(kind, TestServer.Table(handler, new EchoHandler(ApiKey.Metadata)));
        pool = server.Background;
        var random = new Random(1);
        for (var round = 0; round < 300; round++)
        {
            using var client = server.Connect();
            for (var i = random.Next(6); i >= 0; i--)
            {
                client.Send(TestClient.Frame(ApiKey.Heartbeat, 0, i, new byte[random.Next(40_000)]));
            }

            client.Socket.LingerState = new System.Net.Sockets.LingerOption(random.Next(2) == 0, 0);
        }

        await TestServer.Until(() => server.Server.ConnectionCount == 0 && server.Server.RequestBytesHeld == 0);
        using var last = server.Connect();
        last.Send(TestClient.Frame(ApiKey.Metadata, 0, 5, [5]));
        Assert.Equal([0, 0, 0, 5, 5], last.Receive());
        Assert.Empty(server.Faults);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_handler_may_close_the_connection(WireKind kind)
    {
        BackgroundPool? pool = null;
        var handler = new HandlerOf(ApiKey.Heartbeat, request =>
        {
            if (request.CorrelationId == 1)
            {
                request.CompleteAndClose("asked for");
            }
            else
            {
                pool!.Post(new ActionTask(() => request.CompleteAndClose("asked for")));
            }
        });
        await using var server = new TestServer(kind, TestServer.Table(handler));
        pool = server.Background;
        for (var how = 1; how <= 2; how++)
        {
            using var client = server.Connect();
            client.Send(TestClient.Frame(ApiKey.Heartbeat, 0, how, []));
            Assert.Null(client.Receive());
        }

        await TestServer.Until(() => server.Server.ConnectionCount == 0);
        Assert.Equal(2, server.Notices.Count(notice => notice.EndsWith("asked for", StringComparison.Ordinal)));
    }

    /// <summary>Parks requests as a long poll does. Any thread.</summary>
    private sealed class Parking : ICancelListener
    {
        private readonly HashSet<Request> _parked = [];
        private int _count;
        private int _cancelled;

        public int Parked => Volatile.Read(ref _count);

        public int Cancelled => Volatile.Read(ref _cancelled);

        public void Park(Request request)
        {
            request.Applied();
            Assert.True(request.TryPark(this));
            lock (_parked)
            {
                _parked.Add(request);
                _count++;
            }
        }

        void ICancelListener.Cancelled(Request request)
        {
            Assert.True(request.IsCancelled);
            lock (_parked)
            {
                Assert.True(_parked.Remove(request));
            }

            request.Complete();
            Interlocked.Increment(ref _cancelled);
        }

        public void CompleteAll()
        {
            lock (_parked)
            {
                foreach (var request in _parked)
                {
                    Assert.True(request.Unpark());
                    request.Complete();
                }

                _parked.Clear();
            }
        }
    }
}
