using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Broker.Config;
using Barnabas.Broker.Faults;
using Barnabas.Broker.Logging;
using Barnabas.Broker.Metrics;
using Barnabas.Broker.Quorum;
using Barnabas.Broker.Worlds;
using Barnabas.Cluster.Controller;
using Barnabas.Log.Directories;

namespace Barnabas.Broker.Node;

/// <summary>What a node is started with.</summary>
public sealed record BrokerNodeSetup
{
    public required BrokerConfig Config { get; init; }

    /// <summary>Told what an operator should know.</summary>
    public OperatorLog Log { get; init; } = OperatorLog.None;

    /// <summary>The clock of every timeout and timestamp.</summary>
    public SystemClock Clock { get; init; } = SystemClock.Instance;

    /// <summary>Where the directories lie.</summary>
    public IDisk Disk { get; init; } = new FileDisk();

    /// <summary>Faults that a test scripts; null where nothing stands before the handlers.</summary>
    public RequestFaults? Faults { get; init; }

    /// <summary>False for a node whose quorum nobody else may talk to.</summary>
    public bool OpensController { get; init; } = true;
}

/// <summary>
/// One node: controller and broker of a quorum of one voter. Started and stopped by one caller; everything inside belongs to the loops of
/// its parts.
/// </summary>
public sealed class BrokerNode : IAsyncDisposable
{
    private readonly BrokerNodeSetup _setup;
    private readonly IoLoopGroup _group;
    private readonly Randomness _randomness = new((ulong)Random.Shared.NextInt64());
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private NodeNetwork? _network;
    private NodeDirectories? _directories;
    private NodeMetadata? _metadata;
    private NodeLogs? _logs;
    private NodeServices? _services;
    private Task<BrokerMeter>? _meter;
    private bool _stopped;

    private BrokerNode(BrokerNodeSetup setup)
    {
        _setup = setup;
        _group = IoLoopGroup.Acquire(WireOf(setup.Config), setup.Clock, onSlowTurn: (name, us) =>
            setup.Log.Debug("loops", $"a turn of {name} took {us / 1000} ms"));
    }

    /// <summary>The addresses to give to clients.</summary>
    public IReadOnlyList<HostAndPort> ClientAddresses => _network!.ClientAddresses;

    /// <summary>The cluster's id.</summary>
    public string ClusterId => _directories!.Metadata.Meta.ClusterId;

    /// <summary>Completes when the node cannot go on by itself.</summary>
    public Task<Exception> Failed => _failed.Task;

    /// <summary>Starts a node; returns when it answers clients.</summary>
    /// <exception cref="StartupException">Something outside the program keeps it from starting.</exception>
    /// <exception cref="IOException">The disk or an address cannot be used.</exception>
    public static async Task<BrokerNode> StartAsync(BrokerNodeSetup setup)
    {
        var node = new BrokerNode(setup);
        try
        {
            await node.StartAsync().ConfigureAwait(false);
            return node;
        }
        catch
        {
            await node.AbandonAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Stops cleanly: finishes what is in flight, flushes, and says so on the disk last.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopped)
        {
            return;
        }

        _stopped = true;
        (await _meter!.ConfigureAwait(false)).Dispose();

        // Together: what is in flight may be a member that waits for others, who cannot come any more.
        var quiet = _network!.StopAsync();
        _services!.Stop();
        await quiet.ConfigureAwait(false);
        await FenceAsync().ConfigureAwait(false);
        var clean = await _logs!.CloseAsync().ConfigureAwait(false);
        await _metadata!.StopAsync().ConfigureAwait(false);
        if (!_failed.Task.IsCompleted)
        {
            _directories!.CloseClean(clean, _metadata.BrokerEpoch, (directory, e) => _setup.Log.Warn(
                "broker", $"{directory.Path} cannot be marked as closed cleanly, and is recovered at the next start: {e.Message}"));
        }

        _directories!.Dispose();

        _group.Dispose();
    }

    private async Task FenceAsync()
    {
        try
        {
            if (!_failed.Task.IsCompleted)
            {
                await _metadata!.FenceAsync().ConfigureAwait(false);
            }
        }
        catch (IOException e)
        {
            // The metadata log has failed meanwhile. All that was opened is closed all the same.
            _setup.Log.Warn("broker", $"the controller cannot be told of the stop: {e.Message}");
        }
    }

    private static WireKind WireOf(BrokerConfig config) => config.Text("barnabas.wire") switch
    {
        "epoll" when OperatingSystem.IsLinux() => WireKind.Epoll,
        "epoll" => throw new StartupException("barnabas.wire=epoll needs Linux; leave it out, or set barnabas.wire=sockets"),
        "sockets" => WireKind.Sockets,
        _ => IoLoopGroup.DefaultKind,
    };

    private async Task StartAsync()
    {
        var config = _setup.Config;
        _network = new NodeNetwork(config, _group, _setup.Clock, _setup.OpensController, _setup.Log);
        var voter = _network.Voter(config);
        _directories = NodeStorage.Open(new NodeStorageSetup(config, _setup.Disk, _setup.Clock, _randomness, voter, _setup.Log));
        var live = new LiveConfig(config) { Changed = changed => _network.Server.Use(changed.Network.Limits) };
        var settings = NodeController.Settings(config, live, _randomness.Split());
        var driver = new QuorumDriver(NodeMetadata.DriverSetup(
            config, _directories.Metadata, _setup.Disk, voter, settings,
            (_group, _setup.Clock, text => _setup.Log.Warn("metadata", text), e => _failed.TrySetResult(e))));
        _metadata = new NodeMetadata(config, _directories, driver, _randomness);
        driver.Publisher.Subscribe(live);
        await _metadata.LeadAsync().ConfigureAwait(false);
        await _metadata.RegisterAsync(_network.BrokerEndpoints, _network.ControllerEndpoints).ConfigureAwait(false);

        var reports = new DirectoryReports(config.NodeId, _directories.Logs, driver, live);
        _logs = new NodeLogs(new NodeLogsSetup(
            _directories, live, _group, _setup.Clock, _randomness.Split(), reports, _setup.Log));
        _ = _logs.Failed.Task.ContinueWith(t => _failed.TrySetResult(t.Result), TaskScheduler.Default);
        _services = new NodeServices(new NodeParts(
            config, live, _directories, driver, _logs, _group, _setup.Clock, _randomness.Split(), () => _metadata.BrokerEpoch,
            _setup.Log));
        reports.Begin(_metadata.BrokerEpoch);
        await SubscribeAsync(driver, _logs, reports).ConfigureAwait(false);
        _services.AddHandlers(_network);
        if (_setup.Faults is { } faults)
        {
            _network.BrokerApis.Wrap(handler => new FaultyHandler(handler, faults));
        }

        await _metadata.UnfenceAsync().ConfigureAwait(false);
        _network.Open();

        // Instruments are made beside the first answers: nothing is lost, as the loops count from the first request on.
        _meter = Task.Run(() => new BrokerMeter(config.NodeId, _network.Server, _group, () => _logs.Replicas.Table.Snapshot().Count));
    }

    // On the metadata loop, so that no change falls between the image that is loaded and the first delta.
    private static async Task SubscribeAsync(QuorumDriver driver, NodeLogs logs, DirectoryReports reports)
    {
        var loaded = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
        driver.Loop.Post(new ActionTask(() =>
        {
            loaded.SetResult(logs.LoadAsync(driver.Publisher.Image));
            driver.Publisher.SubscribeToChanges(logs);
            driver.Publisher.SubscribeToChanges(reports);
        }));
        await (await loaded.Task.ConfigureAwait(false)).ConfigureAwait(false);
    }

    private async Task AbandonAsync()
    {
        _stopped = true;
        if (_network is not null)
        {
            await _network.StopAsync().ConfigureAwait(false);
        }

        _services?.Stop();
        if (_logs is not null)
        {
            await _logs.CloseAsync().ConfigureAwait(false);
        }

        if (_metadata is not null && _metadata.Driver.Status != QuorumStatus.None)
        {
            await _metadata.StopAsync().ConfigureAwait(false);
        }

        _directories?.Dispose();
        _group.Dispose();
    }
}
