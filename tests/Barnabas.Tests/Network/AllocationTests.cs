using Barnabas.Broker.Network;
using Barnabas.Broker.Worlds;
using Barnabas.Messages;

namespace Barnabas.Tests.Network;

/// <summary>Requests cost no garbage.</summary>
[Collection(nameof(WholeProcess))]
public sealed class AllocationTests
{
    [Fact]
    public async Task A_request_allocates_nothing_on_the_epoll_wire()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        const int Warm = 3_000;
        const int Measured = 20_000;
        long start = 0;
        long end = 0;
        var seen = 0;
        var handler = new HandlerOf(ApiKey.Heartbeat, request =>
        {
            seen++;
            if (seen == Warm)
            {
                start = GC.GetAllocatedBytesForCurrentThread();
            }
            else if (seen == Warm + Measured)
            {
                end = GC.GetAllocatedBytesForCurrentThread();
            }

            request.Reply.WriteSpan(request.Body);
            request.Complete();
        });
        await using var server = new TestServer(WireKind.Epoll, TestServer.Table(handler));
        using var client = server.Connect();
        var frame = TestClient.Frame(ApiKey.Heartbeat, 0, 1, new byte[100]);
        var burst = Enumerable.Repeat(frame, 5).SelectMany(bytes => bytes).ToArray();
        var replies = new byte[108 * 5];
        for (var i = 0; i < Warm + Measured; i += 5)
        {
            client.Send(burst);
            for (var at = 0; at < replies.Length;)
            {
                at += client.Socket.Receive(replies.AsSpan(at));
            }
        }

        Assert.Equal(0, end - start);
    }
}
