using System.Net;
using System.Text;
using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Broker.Config;
using Barnabas.Broker.Logging;
using Barnabas.Broker.Node;
using Barnabas.Broker.Worlds;
using Barnabas.Messages;
using Barnabas.Tests.Network;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Handlers;

/// <summary>A whole node on free ports with a data directory of its own, and short ways to talk to it. Owned by its test.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Told _log = new();
    private BrokerNode? _node;

    private TestNode(string[] settings) => Settings = [.. settings];

    /// <summary>The data directory.</summary>
    public string Data => _folder.At("data");

    /// <summary>What the next start is configured with, each <c>key=value</c>.</summary>
    public List<string> Settings { get; }

    /// <summary>The disk of the next start.</summary>
    public IDisk Disk { get; set; } = new FileDisk();

    /// <summary>What the operator was told.</summary>
    public string Log => _log.Text;

    /// <summary>Completes when the node cannot go on.</summary>
    public Task<Exception> Failed => _node!.Failed;

    /// <summary>Starts a node with these settings, each <c>key=value</c>.</summary>
    public static async Task<TestNode> Start(params string[] settings)
    {
        var node = new TestNode(settings);
        await node.Start();
        return node;
    }

    /// <summary>A node with several log directories in a folder of its own, not started yet.</summary>
    public static TestNode With(string[] directories, params string[] settings)
    {
        var node = new TestNode(settings);
        node.SetDirectories(directories);
        return node;
    }

    /// <summary>A path in the node's folder.</summary>
    public string At(string name) => _folder.At(name);

    /// <summary>The log directories of the next start, by their names in the folder.</summary>
    public void SetDirectories(params string[] names)
    {
        Settings.RemoveAll(s => s.StartsWith("log.dirs=", StringComparison.Ordinal));
        Settings.Add($"log.dirs={string.Join(',', names.Select(At))}");
    }

    /// <summary>Starts the node again on its directory.</summary>
    public async Task Start()
    {
        var config = ConfigLoader.Load(new ConfigInputs
        {
            Listen = "127.0.0.1:0",
            Data = Settings.Exists(s => s.StartsWith("log.dirs=", StringComparison.Ordinal)) ? null : Data,
            Flags = Settings.Select(setting => setting.Split('=', 2)).Select(parts => KeyValuePair.Create(parts[0], parts[1])),
        });
        _node = await BrokerNode.StartAsync(new BrokerNodeSetup
        {
            Config = config,
            OpensController = false,
            Disk = Disk,
            Log = new OperatorLog(_log, isJson: false, LogLevel.Info),
        });
    }

    /// <summary>Stops the node cleanly; its directory stays.</summary>
    public async Task Stop()
    {
        await _node!.DisposeAsync();
        _node = null;
    }

    public TestClient Connect() => new(new IPEndPoint(IPAddress.Loopback, _node!.ClientAddresses[0].Port));

    /// <summary>Makes a topic; its id comes back.</summary>
    public Uuid CreateTopic(string name, int partitions = 1, params string[] configs)
    {
        using var client = Connect();
        var created = client.Call<CreateTopicsResponse>(
            new CreateTopicsRequest
            {
                TimeoutMs = 30_000,
                Topics =
                [
                    new()
                    {
                        Name = name,
                        NumPartitions = partitions,
                        ReplicationFactor = 1,
                        Configs = [.. configs.Select(c => c.Split('=', 2))
                            .Select(c => new CreateTopicsRequest.CreatableTopicConfig { Name = c[0], Value = c[1] })],
                    },
                ],
            },
            7).Topics[0];
        Assert.Equal(ErrorCode.None, created.ErrorCode);
        return created.TopicId;
    }

    /// <summary>Sets a key of a topic, or of this broker where the name is its id.</summary>
    public void Set(sbyte resourceType, string resource, string key, string value)
    {
        using var client = Connect();
        var set = client.Call<IncrementalAlterConfigsResponse>(
            new IncrementalAlterConfigsRequest
            {
                Resources =
                [
                    new() { ResourceType = resourceType, ResourceName = resource, Configs = [new() { Name = key, Value = value }] },
                ],
            },
            1).Responses[0];
        Assert.Equal(ErrorCode.None, set.ErrorCode);
    }

    public async ValueTask DisposeAsync()
    {
        if (_node is not null)
        {
            await _node.DisposeAsync();
        }

        _folder.Dispose();
    }

    /// <summary>Keeps what is written to it; any thread.</summary>
    private sealed class Told : MemoryStream
    {
        public string Text
        {
            get
            {
                lock (this)
                {
                    return Encoding.UTF8.GetString(ToArray());
                }
            }
        }

        public override void Write(byte[] buffer, int offset, int count)
        {
            lock (this)
            {
                base.Write(buffer, offset, count);
            }
        }
    }
}

/// <summary>Produce as a client does it, by name and without more than a test needs.</summary>
internal static class TestNodeClient
{
    /// <summary>Produces one batch with acks=all; the answer for its partition.</summary>
    public static ProduceResponse.PartitionProduceResponse Produce(this TestClient client, string topic, int partition, byte[] batch) =>
        client.Call<ProduceResponse>(
            new ProduceRequest
            {
                Acks = -1,
                TimeoutMs = 30_000,
                TopicData = [new() { Name = topic, PartitionData = [new() { Index = partition, Records = batch }] }],
            },
            9).Responses[0].PartitionResponses[0];
}
