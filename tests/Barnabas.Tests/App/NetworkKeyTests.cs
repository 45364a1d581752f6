using System.Net;
using Barnabas.App;
using Barnabas.Broker.Config;
using Barnabas.Broker.Logging;
using Barnabas.Messages;
using Barnabas.Shared;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.App;

/// <summary>Keys of the network, set as an operator sets them, and what a client then meets.</summary>
public sealed class NetworkKeyTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("barnabas-keys-").FullName;
    private StartedBroker? _broker;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_broker is not null)
        {
            await _broker.StopAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    [ConfigKey("listeners")]
    [ConfigKey("listener.security.protocol.map")]
    public void Every_listener_for_clients_answers()
    {
        var broker = Start("listeners=A://127.0.0.1:0,B://127.0.0.1:0", "listener.security.protocol.map=A:PLAINTEXT,B:PLAINTEXT");
        Assert.Equal(2, broker.Clients.Count);
        foreach (var at in broker.Clients)
        {
            using var client = Connect(at);
            Assert.True(Answers(client));
        }
    }

    [Fact]
    [ConfigKey("controller.listener.names")]
    public void A_listener_of_the_controller_is_not_for_clients()
    {
        var broker = Start(
            "listeners=A://127.0.0.1:0,B://127.0.0.1:0", "listener.security.protocol.map=A:PLAINTEXT,B:PLAINTEXT",
            "controller.listener.names=B");
        Assert.Single(broker.Clients);
    }

    [Fact]
    [ConfigKey("socket.request.max.bytes")]
    public void A_larger_request_closes_its_connection()
    {
        var broker = Start("socket.request.max.bytes=200");
        using var client = Connect(broker.Clients[0]);
        Assert.True(Answers(client));
        client.Send(TestClient.Frame(ApiKey.ApiVersions, 0, 2, new byte[300]));
        Assert.Null(client.Receive());
    }

    [Theory]
    [InlineData("max.connections.per.ip=1")]
    [InlineData("max.connections.per.ip.overrides=127.0.0.1:1")]
    [ConfigKey("max.connections.per.ip")]
    [ConfigKey("max.connections.per.ip.overrides")]
    public void One_connection_more_from_an_address_is_closed(string setting)
    {
        var broker = Start(setting);
        using var first = Connect(broker.Clients[0]);
        Assert.True(Answers(first));
        using var second = Connect(broker.Clients[0]);
        Assert.False(Answers(second));
        Assert.True(Answers(first));
    }

    [Fact]
    [ConfigKey("connections.max.idle.ms")]
    public void An_idle_connection_is_closed()
    {
        var broker = Start("connections.max.idle.ms=50");
        using var client = Connect(broker.Clients[0]);
        Assert.Null(client.Receive());
    }

    private static TestClient Connect(HostAndPort at) => new(new IPEndPoint(IPAddress.Loopback, at.Port));

    private static bool Answers(TestClient client)
    {
        try
        {
            client.Send(TestClient.Frame(ApiKey.ApiVersions, 0, 1, []));
            return client.Receive() is not null;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }

    private StartedBroker Start(params string[] settings)
    {
        var config = ConfigLoader.Load(new ConfigInputs
        {
            Listen = settings.Any(setting => setting.StartsWith("listeners=", StringComparison.Ordinal)) ? null : "127.0.0.1:0",
            Data = _folder,
            Flags = settings.Select(setting => setting.Split('=', 2)).Select(parts => KeyValuePair.Create(parts[0], parts[1])),
        });
        return _broker = BrokerStarter.Start(config, OperatorLog.None);
    }
}
