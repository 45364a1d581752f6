using System.Diagnostics.Tracing;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Barnabas.Broker.Config;
using Barnabas.Messages;
using Barnabas.Tests.Network;
using Microsoft.Diagnostics.NETCore.Client;

namespace Barnabas.Tests.App;

/// <summary>Reads the meters of the running program from outside, over EventPipe, as dotnet-counters does.</summary>
public sealed class EventPipeTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _folder = Directory.CreateTempSubdirectory("barnabas-eventpipe-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Meters_can_be_read_from_outside()
    {
        using var process = ProgramTests.Start("start", "--listen", "127.0.0.1:0", "--data", Path.Combine(_folder, "d"));
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience);
        while (JsonDocument.Parse(line!).RootElement.GetProperty("message").GetString() != "ready")
        {
            line = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience);
        }

        Assert.True(HostAndPort.TryParse(JsonDocument.Parse(line!).RootElement.GetProperty("clients")[0].GetString()!, out var at));
        using var client = new TestClient(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, at.Port));
        client.Send(TestClient.Frame(ApiKey.ApiVersions, 0, 1, []));
        client.Receive();

        var provider = new EventPipeProvider("System.Diagnostics.Metrics", EventLevel.Informational, 2, new Dictionary<string, string>
        {
            ["SessionId"] = Guid.NewGuid().ToString(),
            ["Metrics"] = "Barnabas",
            ["RefreshInterval"] = "1",
            ["MaxTimeSeries"] = "1000",
            ["MaxHistograms"] = "10",
        });
        var session = await Task.Run(() => new DiagnosticsClient(process.Id).StartEventPipeSession(provider)).WaitAsync(Patience);
        await ReadUntil(session.EventStream, "barnabas.requests", "ApiVersions", "barnabas.loop.turns").WaitAsync(Patience);

        process.Kill();
        await process.WaitForExitAsync().WaitAsync(Patience);
        session.Dispose();
    }

    /// <summary>Reads the trace until every text has come; strings in events are UTF-16.</summary>
    private static async Task ReadUntil(Stream events, params string[] texts)
    {
        var seen = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (texts.Any(text => seen.GetBuffer().AsSpan(0, (int)seen.Length).IndexOf(Encoding.Unicode.GetBytes(text)) < 0))
        {
            var count = await events.ReadAsync(buffer);
            Assert.True(count > 0, "the trace ended before the meters came");
            seen.Write(buffer.AsSpan(0, count));
        }
    }
}
