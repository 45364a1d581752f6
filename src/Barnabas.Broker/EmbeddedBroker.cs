using Barnabas.Broker.Config;
using Barnabas.Broker.Faults;
using Barnabas.Broker.Logging;
using Barnabas.Broker.Node;
using Barnabas.Broker.Worlds;

namespace Barnabas.Broker;

/// <summary>
/// How an embedded broker is started. Everything has a default: a broker on a free loopback port, in a temporary directory.
/// </summary>
public sealed record EmbeddedBrokerOptions
{
    /// <summary>Where the data lies; null for a temporary directory that is removed at the end. A directory that is given stays.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>
    /// The time of every timestamp and timeout. With a provider of your own nothing happens by the machine's clock: advance it, and the
    /// timers that are due fire.
    /// </summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Kafka's own keys, such as <c>num.partitions</c>, over the profile of a single node.</summary>
    public IReadOnlyDictionary<string, string> Config { get; init; } = new Dictionary<string, string>();

    /// <summary>True to open the quorum's listener too, on a free loopback port, for tools that talk to the controller.</summary>
    public bool OpensController { get; init; }

    /// <summary>Takes what the broker would tell its operator; null for nothing.</summary>
    public Stream? LogOutput { get; init; }
}

/// <summary>
/// A real broker inside this process: it speaks Kafka's protocol on a loopback port, for any client. Many may run in one process; they
/// share one group of threads. Started and disposed by one caller; the members may be read by any thread.
/// </summary>
public sealed class EmbeddedBroker : IAsyncDisposable
{
    private readonly BrokerNode _node;
    private readonly bool _isTemporary;

    private EmbeddedBroker(BrokerNode node, RequestFaults faults, string dataDirectory, bool isTemporary)
    {
        Faults = faults;
        _node = node;
        _isTemporary = isTemporary;
        DataDirectory = dataDirectory;
    }

    /// <summary>Scripts faults for the requests to come: an error, a delay, a dropped connection, a lost or cut answer.</summary>
    public RequestFaults Faults { get; }

    /// <summary>What a client takes as <c>bootstrap.servers</c>: host and port.</summary>
    public string BootstrapServers => _node.ClientAddresses[0].ToString();

    /// <summary>The port of <see cref="BootstrapServers"/>.</summary>
    public int Port => _node.ClientAddresses[0].Port;

    /// <summary>Where the data lies.</summary>
    public string DataDirectory { get; }

    /// <summary>The id of the cluster that this broker is.</summary>
    public string ClusterId => _node.ClusterId;

    /// <summary>Completes when the broker cannot go on by itself, such as when its disk fails.</summary>
    public Task<Exception> Failed => _node.Failed;

    /// <summary>Starts a broker; returns when it answers clients.</summary>
    /// <exception cref="StartupException">A setting is wrong, or the directory is not this broker's to use.</exception>
    /// <exception cref="IOException">The disk or the port cannot be used.</exception>
    public static async Task<EmbeddedBroker> StartAsync(EmbeddedBrokerOptions? options = null)
    {
        options ??= new EmbeddedBrokerOptions();
        var faults = new RequestFaults();
        var directory = options.DataDirectory ?? Path.Join(Path.GetTempPath(), "barnabas-" + Path.GetRandomFileName());
        try
        {
            var node = await BrokerNode.StartAsync(new BrokerNodeSetup
            {
                Config = BrokerConfig.Of(Settings(options, directory)),
                Clock = ReferenceEquals(options.TimeProvider, TimeProvider.System)
                    ? SystemClock.Instance
                    : new SystemClock(options.TimeProvider),
                OpensController = options.OpensController,
                Faults = faults,
                Log = options.LogOutput is { } output
                    ? new OperatorLog(output, isJson: false, LogLevel.Info, options.TimeProvider)
                    : OperatorLog.None,
            }).ConfigureAwait(false);
            return new EmbeddedBroker(node, faults, directory, options.DataDirectory is null);
        }
        catch when (options.DataDirectory is null)
        {
            Remove(directory);
            throw;
        }
    }

    /// <summary>Stops the broker cleanly; nothing of it is left but a directory that was given.</summary>
    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync().ConfigureAwait(false);
        if (_isTemporary)
        {
            Remove(DataDirectory);
        }
    }

    private static Dictionary<string, string> Settings(EmbeddedBrokerOptions options, string directory)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["listeners"] = "PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0",
            ["advertised.listeners"] = "PLAINTEXT://127.0.0.1:0",
            ["log.dirs"] = directory,
        };
        foreach (var (key, value) in options.Config)
        {
            settings[key] = value;
        }

        return settings;
    }

    private static void Remove(string directory)
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
