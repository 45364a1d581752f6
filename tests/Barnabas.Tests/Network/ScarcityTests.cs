using System.Runtime.InteropServices;
using Barnabas.Base.Loops;
using Barnabas.Broker.Network;
using Barnabas.Broker.Worlds;
using Barnabas.Messages;
using Barnabas.Shared;
using Microsoft.Win32.SafeHandles;

namespace Barnabas.Tests.Network;

/// <summary>What the loops do when the system has no more to give, and when there is nothing to do.</summary>
[Collection(nameof(WholeProcess))]
public sealed partial class ScarcityTests
{
    private const int FileLimit = 7;

    [PeerTheory(Need.Linux)]
    [InlineData(WireKind.Epoll)]
    [InlineData(WireKind.Sockets)]
    public async Task Without_descriptors_new_connections_are_refused_and_old_ones_served(WireKind kind)
    {
        await using var server = new TestServer(kind, TestServer.Table(new EchoHandler(ApiKey.Heartbeat)));
        using var old = server.Connect();
        AssertServed(old);

        var held = new List<SafeFileHandle>();
        var limits = SetFileLimit((ulong)Directory.GetFiles("/proc/self/fd").Length + 40);
        try
        {
            FillUp(held);
            for (var i = 0; i < 5; i++)
            {
                // The one that is free is the client's own end.
                held[^1].Dispose();
                held.RemoveAt(held.Count - 1);
                using var refused = server.Connect();
                Assert.Null(refused.Receive());
                AssertServed(old);
                refused.Dispose();
                FillUp(held);
            }
        }
        finally
        {
            held.ForEach(handle => handle.Dispose());
            RestoreFileLimit(limits);
        }

        using var late = server.Connect();
        AssertServed(late);
        AssertServed(old);
        Assert.InRange(server.Server.RefusedCount, 5, 100);
        Assert.Contains(server.Notices, notice => notice.Contains("out of file descriptors", StringComparison.Ordinal));
    }

    [PeerTheory(Need.Linux)]
    [InlineData(WireKind.Epoll, false)]
    [InlineData(WireKind.Epoll, true)]
    [InlineData(WireKind.Sockets, false)]
    public async Task A_peer_that_leaves_a_muted_connection_makes_no_loop_spin(WireKind kind, bool reset)
    {
        const int Rounds = 200;
        Request? waiting = null;
        var handler = new HandlerOf(ApiKey.Metadata, request => Volatile.Write(ref waiting, request));
        await using var server = new TestServer(kind, TestServer.Table(handler, new EchoHandler(ApiKey.Heartbeat)));
        using var leaving = server.Connect();
        leaving.Send(TestClient.Frame(ApiKey.Metadata, 0, 1, []));
        leaving.Send(TestClient.Frame(ApiKey.Metadata, 0, 2, []));
        await TestServer.Until(() => Volatile.Read(ref waiting) is not null);
        leaving.Socket.LingerState = new System.Net.Sockets.LingerOption(reset, 0);
        leaving.Dispose();
        using var left = server.Connect();
        using var right = server.Connect();
        AssertServed(left);
        AssertServed(right);
        var before = server.Turns;
        for (var i = 0; i < Rounds; i++)
        {
            AssertServed(left);
            AssertServed(right);
        }

        // One or two for each request; a loop that spins takes thousands in that time.
        Assert.InRange(server.Turns - before, Rounds, Rounds * 10);
        waiting!.Complete();
        await TestServer.Until(() => server.Server.ConnectionCount == 2 || Volatile.Read(ref waiting).CorrelationId == 2);
        if (server.Server.ConnectionCount == 3)
        {
            waiting.Complete();
        }

        await TestServer.Until(() => server.Server.ConnectionCount == 2);
    }

    [PeerTheory(Need.Linux)]
    [InlineData(WireKind.Epoll)]
    [InlineData(WireKind.Sockets)]
    public async Task Idle_connections_cost_no_turns_and_little_memory(WireKind kind)
    {
        const int Connections = 400;
        await using var server = new TestServer(kind, TestServer.Table(new EchoHandler(ApiKey.Heartbeat)));
        var clients = Enumerable.Range(0, 10).Select(_ => server.Connect()).ToList();
        clients.ForEach(AssertServed);
        var before = GC.GetTotalMemory(true);
        for (var i = 0; i < Connections; i++)
        {
            clients.Add(server.Connect());
            AssertServed(clients[^1]);
        }

        // Both ends and the runtime's own sockets are in this process.
        Assert.True((GC.GetTotalMemory(true) - before) / Connections <= 16 * 1024);
        var turns = server.Turns;
        using (var timer = new CountdownEvent(50))
        {
            // Fifty timers pass in the meantime, each a turn or two.
            foreach (var loop in server.Loops.Take(1))
            {
                var again = 0;
                ActionTimer? tick = null;
                tick = new ActionTimer(() =>
                {
                    timer.Signal();
                    if (++again < 50)
                    {
                        loop.Timers.Set(tick!, loop.NowUs + 1_000);
                    }
                });
                loop.Post(new ActionTask(() => loop.Timers.Set(tick, loop.NowUs + 1_000)));
            }

            timer.Wait();
        }

        Assert.InRange(server.Turns - turns, 50, 400);
        clients.ForEach(client => client.Dispose());
    }

    private static void FillUp(List<SafeFileHandle> held)
    {
        try
        {
            while (true)
            {
                held.Add(File.OpenHandle("/dev/null"));
            }
        }
        catch (IOException)
        {
            // Now there is none left.
        }
    }

    private static void AssertServed(TestClient client)
    {
        client.Send(TestClient.Frame(ApiKey.Heartbeat, 0, 1, [1]));
        Assert.Equal([0, 0, 0, 1, 1], client.Receive());
    }

    private static ulong[] SetFileLimit(ulong limit)
    {
        var before = new ulong[2];
        Assert.Equal(0, GetLimit(FileLimit, before));
        Assert.Equal(0, SetLimit(FileLimit, [limit, before[1]]));
        return before;
    }

    private static void RestoreFileLimit(ulong[] limits) => Assert.Equal(0, SetLimit(FileLimit, limits));

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, [Out] ulong[] limits);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, ulong[] limits);
}
