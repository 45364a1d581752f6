using System.Buffers.Binary;
using System.Collections.Concurrent;
using Barnabas.Base.Loops;
using Barnabas.Broker.Network;
using Barnabas.Broker.Worlds;
using Barnabas.Messages;

namespace Barnabas.Tests.Network;

/// <summary>Effects happen in the order of the connection, and replies leave in it, whoever completes and whenever.</summary>
public sealed class OrderTests
{
    public static TheoryData<WireKind> Kinds => Wires.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Replies_leave_in_order_however_requests_complete(WireKind kind)
    {
        const int Requests = 3_000;
        var parked = new BlockingCollection<Request>();
        var completer = new Thread(() => CompleteInRandomOrder(parked, 1));
        var another = new Thread(() => CompleteInRandomOrder(parked, 2));
        var handler = new HandlerOf(ApiKey.Heartbeat, request =>
        {
            request.Reply.WriteSpan(request.Body);
            request.Applied();
            parked.Add(request);
        });
        await using (var server = new TestServer(kind, TestServer.Table(handler)))
        {
            completer.Start();
            another.Start();
            using var client = server.Connect();
            var sender = Task.Run(() => SendAll(client, ApiKey.Heartbeat, Requests));
            for (var i = 0; i < Requests; i++)
            {
                var reply = client.Receive();
                Assert.Equal(i, TestClient.CorrelationIdOf(reply));
                Assert.Equal(i, BinaryPrimitives.ReadInt32BigEndian(reply.AsSpan(4)));
            }

            await sender;
            parked.CompleteAdding();
            completer.Join();
            another.Join();
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_next_request_starts_when_the_one_before_is_applied(WireKind kind)
    {
        const int Requests = 2_000;
        var inEffect = 0;
        var overlaps = 0;
        var wrongOrder = 0;
        var next = 0;
        var random = new Random(5);
        BackgroundPool? pool = null;
        var handler = new HandlerOf(ApiKey.Heartbeat, request =>
        {
            overlaps += Interlocked.Increment(ref inEffect) == 1 ? 0 : 1;
            wrongOrder += BinaryPrimitives.ReadInt32BigEndian(request.Body) == next++ ? 0 : 1;
            switch (random.Next(4))
            {
                case 0:
                    Echo(request, ref inEffect);
                    break;
                case 1:
                    Interlocked.Decrement(ref inEffect);
                    request.Reply.WriteSpan(request.Body);
                    request.Applied();
                    pool!.Post(new ActionTask(request.Complete));
                    break;
                case 2:
                    pool!.Post(new ActionTask(() => Echo(request, ref inEffect)));
                    break;
                default:
                    pool!.Post(new ActionTask(() =>
                    {
                        request.Reply.WriteSpan(request.Body);
                        Interlocked.Decrement(ref inEffect);
                        request.Applied();
                        request.Complete();
                    }));
                    break;
            }
        });
        await using var server = new TestServer(kind, TestServer.Table(handler));
        pool = server.Background;
        using var client = server.Connect();
        var sender = Task.Run(() => SendAll(client, ApiKey.Heartbeat, Requests));
        for (var i = 0; i < Requests; i++)
        {
            Assert.Equal(i, BinaryPrimitives.ReadInt32BigEndian(client.Receive().AsSpan(4)));
        }

        await sender;
        Assert.Equal((0, 0), (overlaps, wrongOrder));
        await TestServer.Until(() => server.Server.RequestBytesHeld == 0);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_request_without_reply_leaves_no_gap(WireKind kind)
    {
        var handler = new HandlerOf(ApiKey.Heartbeat, request =>
        {
            if (request.CorrelationId % 3 == 0)
            {
                request.CompleteWithoutReply();
            }
            else
            {
                request.Complete();
            }
        });
        await using var server = new TestServer(kind, TestServer.Table(handler));
        using var client = server.Connect();
        SendAll(client, ApiKey.Heartbeat, 100);
        for (var i = 0; i < 100; i++)
        {
            if (i % 3 != 0)
            {
                Assert.Equal(i, TestClient.CorrelationIdOf(client.Receive()));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Many_connections_get_their_own_replies(WireKind kind)
    {
        BackgroundPool? pool = null;
        var handler = new HandlerOf(ApiKey.Heartbeat, request =>
        {
            if ((request.CorrelationId & 1) == 0)
            {
                request.Reply.WriteSpan(request.Body);
                request.Complete();
            }
            else
            {
                pool!.Post(new ActionTask(() =>
                {
                    request.Reply.WriteSpan(request.Body);
                    request.Complete();
                }));
            }
        });
        await using var server = new TestServer(kind, TestServer.Table(handler));
        pool = server.Background;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(number => Task.Run(() => Converse(server, number))));
        await TestServer.Until(() => server.Server.RequestBytesHeld == 0);
    }

    private static void Converse(TestServer server, int number)
    {
        using var client = server.Connect();
        var random = new Random(number);
        for (var round = 0; round < 30; round++)
        {
            var bodies = Enumerable.Range(0, random.Next(1, 8)).Select(_ => new byte[random.Next(4, 20_000)]).ToList();
            foreach (var body in bodies)
            {
                random.NextBytes(body);
                client.Send(TestClient.Frame(ApiKey.Heartbeat, 0, random.Next(), body));
            }

            foreach (var body in bodies)
            {
                Assert.True(client.Receive().AsSpan(4).SequenceEqual(body));
            }
        }
    }

    private static void Echo(Request request, ref int inEffect)
    {
        request.Reply.WriteSpan(request.Body);
        Interlocked.Decrement(ref inEffect);
        request.Complete();
    }

    private static void SendAll(TestClient client, ApiKey key, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var body = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(body, i);
            client.Send(TestClient.Frame(key, 0, i, body));
        }
    }

    private static void CompleteInRandomOrder(BlockingCollection<Request> parked, int seed)
    {
        var random = new Random(seed);
        var held = new List<Request>();
        while (!parked.IsCompleted)
        {
            while (held.Count < 8 && parked.TryTake(out var request, held.Count == 0 ? 20 : 0))
            {
                held.Add(request);
            }

            if (held.Count > 0)
            {
                var index = random.Next(held.Count);
                held[index].Complete();
                held.RemoveAt(index);
            }
        }
    }
}
