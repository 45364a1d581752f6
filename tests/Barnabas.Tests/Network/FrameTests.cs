using System.Buffers.Binary;
using Barnabas.Broker.Network;
using Barnabas.Broker.Worlds;
using Barnabas.Messages;

namespace Barnabas.Tests.Network;

/// <summary>Bytes come in any pieces, in any size up to the bound, and wrong ones hurt nobody but their sender.</summary>
public sealed class FrameTests
{
    public static TheoryData<WireKind> Kinds => Wires.Kinds;

    public static TheoryData<WireKind, int> KindsAndSizes()
    {
        var data = new TheoryData<WireKind, int>();
        foreach (var kind in OperatingSystem.IsLinux() ? new[] { WireKind.Epoll, WireKind.Sockets } : [WireKind.Sockets])
        {
            foreach (var size in new[] { 4_000, 65_536, 262_144, 1_048_576, 6_000_000, 20_000_000 })
            {
                data.Add(kind, size);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Frames_that_come_byte_by_byte_are_whole(WireKind kind)
    {
        await using var server = new TestServer(kind, TestServer.Table(new EchoHandler(ApiKey.Heartbeat)));
        using var client = server.Connect();
        for (var i = 0; i < 20; i++)
        {
            foreach (var b in TestClient.Frame(ApiKey.Heartbeat, 0, i, [1, 2, (byte)i]))
            {
                client.Send([b]);
            }
        }

        for (var i = 0; i < 20; i++)
        {
            Assert.Equal([0, 0, 0, (byte)i, 1, 2, (byte)i], client.Receive());
        }

        await TestServer.Until(() => server.Server.RequestBytesHeld == 0);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_answer_that_its_version_cannot_say_closes_the_connection_and_no_other(WireKind kind)
    {
        var unsayable = new JoinGroupResponse { Leader = new string('l', 40_000) };
        var answer = new HandlerOf(ApiKey.JoinGroup, request => request.Complete(unsayable));
        await using var server = new TestServer(kind, TestServer.Table(new EchoHandler(ApiKey.Heartbeat), answer));
        using var bystander = server.Connect();
        using (var client = server.Connect())
        {
            client.Send(TestClient.Frame(ApiKey.JoinGroup, 5, 1, [1]));
            Assert.Null(client.Receive());
        }

        bystander.Send(TestClient.Frame(ApiKey.Heartbeat, 0, 2, [9]));
        Assert.Equal([0, 0, 0, 2, 9], bystander.Receive());
        Assert.Empty(server.Faults);
        await TestServer.Until(() => server.Server.RequestBytesHeld == 0);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Frames_in_random_pieces_are_whole(WireKind kind)
    {
        await using var server = new TestServer(kind, TestServer.Table(new EchoHandler(ApiKey.Heartbeat)));
        using var client = server.Connect();
        var random = new Random(11);
        var bodies = Enumerable.Range(0, 300).Select(_ => RandomBytes(random, random.Next(3) == 0 ? 300_000 : 3_000)).ToList();
        var stream = bodies.SelectMany((body, i) => TestClient.Frame(ApiKey.Heartbeat, 0, i, body)).ToArray();
        var sender = Task.Run(() =>
        {
            for (var at = 0; at < stream.Length;)
            {
                var piece = Math.Min(stream.Length - at, 1 + random.Next(random.Next(2) == 0 ? 10 : 200_000));
                client.Send(stream.AsSpan(at, piece));
                at += piece;
            }
        });
        foreach (var body in bodies)
        {
            Assert.True(client.Receive().AsSpan(4).SequenceEqual(body));
        }

        await sender;
        await TestServer.Until(() => server.Server.RequestBytesHeld == 0);
    }

    [Theory]
    [MemberData(nameof(KindsAndSizes))]
    public async Task Large_frames_are_whole(WireKind kind, int size)
    {
        await using var server = new TestServer(kind, TestServer.Table(new EchoHandler(ApiKey.Heartbeat)));
        using var client = server.Connect();
        var body = RandomBytes(new Random(size), size);
        var sender = Task.Run(() =>
        {
            client.Send(TestClient.Frame(ApiKey.Heartbeat, 0, 1, body));
            client.Send(TestClient.Frame(ApiKey.Heartbeat, 0, 2, [9]));
        });
        Assert.True(client.Receive().AsSpan(4).SequenceEqual(body));
        Assert.Equal([0, 0, 0, 2, 9], client.Receive());
        await sender;
        await TestServer.Until(() => server.Server.RequestBytesHeld == 0);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_frame_of_the_largest_size_is_read_and_one_byte_more_is_not(WireKind kind)
    {
        var seen = 0;
        var handler = new HandlerOf(ApiKey.Heartbeat, request =>
        {
            seen = request.FrameBytes;
            request.Complete();
        });
        var limits = new NetworkLimits();
        await using var server = new TestServer(kind, TestServer.Table(handler), limits);
        using var client = server.Connect();
        var frame = TestClient.Frame(ApiKey.Heartbeat, 0, 1, new byte[limits.RequestBytesMax - 14]);
        client.Send(frame);
        Assert.NotNull(client.Receive());
        Assert.Equal(limits.RequestBytesMax, seen);
        BinaryPrimitives.WriteInt32BigEndian(frame, limits.RequestBytesMax + 1);
        client.Send(frame.AsSpan(0, 4));
        Assert.Null(client.Receive());
    }

    /// <summary>What Apache Kafka 4.3.1 does with the same bytes: it closes the connection.</summary>
    [Theory]
    [InlineData("00000000")]
    [InlineData("ffffffff")]
    [InlineData("06400001")]
    [InlineData("00000002 0012")]
    [InlineData("0000000e 03e7 0000 00000007 0004 74657374")]
    [InlineData("0000000e ffff 0000 00000007 0004 74657374")]
    [InlineData("0000000e 0004 0000 00000007 0004 74657374")]
    [InlineData("0000000f 0003 0063 00000007 0004 74657374 00")]
    [InlineData("0000000e 0012 0063 00000007 0004 74657374")]
    [InlineData("0000000e 000c 0000 00000007 0044 74657374")]
    [InlineData("00000014 000c 0004 00000007 0004 74657374 ff ff ff ff ff 00")]
    public async Task Wrong_bytes_close_their_connection_and_no_other(string hex)
    {
        var table = TestServer.Table(
            new EchoHandler(ApiKey.Heartbeat), new EchoHandler(ApiKey.ApiVersions), new EchoHandler(ApiKey.Metadata));
        await using var server = new TestServer(WireKind.Sockets, table);
        using var good = server.Connect();
        using var bad = server.Connect();
        good.Send(TestClient.Frame(ApiKey.Heartbeat, 0, 1, [1]));
        bad.Send(Convert.FromHexString(hex.Replace(" ", "")));
        Assert.Null(bad.Receive());
        good.Send(TestClient.Frame(ApiKey.Heartbeat, 0, 2, [2]));
        Assert.Equal([0, 0, 0, 1, 1], good.Receive());
        Assert.Equal([0, 0, 0, 2, 2], good.Receive());
        await TestServer.Until(() => server.Server.ConnectionCount == 1);
        Assert.Single(server.Notices);
        Assert.Empty(server.Faults);
    }

    [Theory]
    [InlineData("0000000c 000c 0000 00000007 fffe 6162", "6162")]
    [InlineData("0000000e 000c 0000 00000007 0002 fffe 6162", "6162")]
    [InlineData("00000013 000c 0004 00000007 0000 02 00 01 aa 63 02 bb cc 62", "62")]
    public async Task Headers_that_Kafka_takes_are_taken(string hex, string body)
    {
        await using var server = new TestServer(WireKind.Sockets, TestServer.Table(new EchoHandler(ApiKey.Heartbeat)));
        using var client = server.Connect();
        client.Send(Convert.FromHexString(hex.Replace(" ", "")));
        Assert.EndsWith(body, Convert.ToHexStringLower(client.Receive()!));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_handler_that_fails_closes_its_connection_and_is_reported(WireKind kind)
    {
        var failing = new HandlerOf(ApiKey.Heartbeat, _ => throw new InvalidOperationException("broken"));
        await using var server = new TestServer(kind, TestServer.Table(failing, new EchoHandler(ApiKey.Metadata)));
        using var client = server.Connect();
        client.Send(TestClient.Frame(ApiKey.Metadata, 0, 1, [1]));
        Assert.NotNull(client.Receive());
        client.Send(TestClient.Frame(ApiKey.Heartbeat, 0, 2, []));
        Assert.Null(client.Receive());
        Assert.Contains("broken", Assert.Single(server.Faults));
    }

    private static byte[] RandomBytes(Random random, int max)
    {
        var bytes = new byte[max > 1_000_000 ? max : random.Next(4, max)];
        random.NextBytes(bytes);
        return bytes;
    }
}
