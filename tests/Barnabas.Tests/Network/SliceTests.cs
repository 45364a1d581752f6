using System.Buffers.Binary;
using Barnabas.Base.Seams;
using Barnabas.Broker.Network;
using Barnabas.Broker.Worlds;
using Barnabas.Messages;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Network;

/// <summary>Bytes of files leave between written bytes, whole and in place, however slowly the client reads.</summary>
public sealed class SliceTests
{
    private const int FileBytes = 3_000_000;

    public static TheoryData<WireKind, bool> KindsAndReaders()
    {
        var data = new TheoryData<WireKind, bool> { { WireKind.Sockets, false }, { WireKind.Sockets, true } };
        if (OperatingSystem.IsLinux())
        {
            data.Add(WireKind.Epoll, false);
            data.Add(WireKind.Epoll, true);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(KindsAndReaders))]
    public async Task Replies_of_bytes_and_slices_arrive_whole(WireKind kind, bool slowReader)
    {
        using var folder = new TempFolder();
        var content = new byte[FileBytes];
        new Random(3).NextBytes(content);
        File.WriteAllBytes(Path.Combine(folder.Path, "log"), content);
        using var file = new FileDisk().Open(Path.Combine(folder.Path, "log"), FileOpen.Read);
        var lease = new CountingLease();
        var handler = new HandlerOf(ApiKey.Heartbeat, request => AnswerWithSlices(request, file, lease));
        await using var server = new TestServer(kind, TestServer.Table(handler));
        using var client = new TestClient(server.Listener.EndPoint, slowReader ? 4096 : 0);
        const int Requests = 20;
        var sender = Task.Run(() =>
        {
            for (var i = 0; i < Requests; i++)
            {
                client.Send(TestClient.Frame(ApiKey.Heartbeat, 0, i, []));
            }
        });
        for (var i = 0; i < Requests; i++)
        {
            Assert.True(client.Receive().AsSpan().SequenceEqual(Expected(i, content)));
        }

        await sender;
        Assert.True(lease.Taken > 0);
        await TestServer.Until(() => lease.Held == 0);
    }

    [Theory]
    [MemberData(nameof(KindsAndReaders))]
    public async Task A_file_that_ends_too_early_closes_the_connection(WireKind kind, bool small)
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(Path.Combine(folder.Path, "log"), new byte[small ? 10 : 100_000]);
        using var file = new FileDisk().Open(Path.Combine(folder.Path, "log"), FileOpen.Read);
        var lease = new CountingLease();
        var handler = new HandlerOf(ApiKey.Heartbeat, request =>
        {
            _ = request.Reply;
            lease.Retain();
            request.AddSlice(file, 0, small ? 11 : 100_001, lease);
            request.Complete();
        });
        await using var server = new TestServer(kind, TestServer.Table(handler));
        using var client = server.Connect();
        client.Send(TestClient.Frame(ApiKey.Heartbeat, 0, 1, []));
        Assert.Null(client.Receive());
        await TestServer.Until(() => lease.Held == 0);
    }

    [Theory]
    [MemberData(nameof(KindsAndReaders))]
    public async Task A_client_that_goes_away_in_the_middle_releases_what_was_promised(WireKind kind, bool reset)
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(Path.Combine(folder.Path, "log"), new byte[50_000_000]);
        using var file = new FileDisk().Open(Path.Combine(folder.Path, "log"), FileOpen.Read);
        var lease = new CountingLease();
        var handler = new HandlerOf(ApiKey.Heartbeat, request =>
        {
            _ = request.Reply;
            lease.Retain();
            request.AddSlice(file, 0, 50_000_000, lease);
            request.Complete();
        });
        await using var server = new TestServer(kind, TestServer.Table(handler));
        using (var client = server.Connect())
        {
            client.Send(TestClient.Frame(ApiKey.Heartbeat, 0, 1, []));
            client.Socket.Receive(new byte[100]);
            client.Socket.LingerState = new System.Net.Sockets.LingerOption(reset, 0);
        }

        await TestServer.Until(() => lease.Held == 0 && server.Server.ConnectionCount == 0);
    }

    private static void AnswerWithSlices(Request request, IDiskFile file, CountingLease lease)
    {
        foreach (var (position, length) in Slices(request.CorrelationId))
        {
            request.Reply.WriteInt32(length);
            lease.Retain();
            request.AddSlice(file, position, length, lease);
        }

        request.Reply.WriteInt32(request.CorrelationId);
        request.Complete();
    }

    private static byte[] Expected(int correlationId, byte[] content)
    {
        var expected = new MemoryStream();
        var number = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, correlationId);
        expected.Write(number);
        foreach (var (position, length) in Slices(correlationId))
        {
            var prefix = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(prefix, length);
            expected.Write(prefix);
            expected.Write(content, position, length);
        }

        expected.Write(number);
        return expected.ToArray();
    }

    /// <summary>None, small ones that are copied, and large ones that the kernel sends.</summary>
    private static IEnumerable<(int Position, int Length)> Slices(int seed)
    {
        var random = new Random(seed);
        for (var i = random.Next(6); i > 0; i--)
        {
            var length = random.Next(3) switch { 0 => random.Next(20), 1 => random.Next(16_500), _ => random.Next(1_000_000) };
            yield return (random.Next(FileBytes - length), length);
        }
    }

    /// <summary>Counts who holds it. Any thread.</summary>
    private sealed class CountingLease : IFileLease
    {
        private int _held;
        private int _taken;

        public int Held => Volatile.Read(ref _held);

        public int Taken => Volatile.Read(ref _taken);

        public void Retain()
        {
            Interlocked.Increment(ref _taken);
            Interlocked.Increment(ref _held);
        }

        public void Release() => Interlocked.Decrement(ref _held);
    }
}
