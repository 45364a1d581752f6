using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Broker.Config;
using Barnabas.Broker.Quorum;
using Barnabas.Broker.Worlds;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Raft;
using Barnabas.Log.Directories;
using Barnabas.Messages;

namespace Barnabas.Broker.Node;

/// <summary>
/// The node's part in the quorum: the driver of the metadata log, and this broker's registration with its controller. Used by whoever
/// starts and stops the node.
/// </summary>
internal sealed class NodeMetadata
{
    private readonly BrokerConfig _config;
    private readonly NodeDirectories _directories;
    private readonly Uuid _incarnation;
    private long _brokerEpoch = -1;

    public NodeMetadata(
        BrokerConfig config, NodeDirectories directories, QuorumDriver driver, Randomness randomness)
    {
        _config = config;
        _directories = directories;
        _incarnation = randomness.NextUuid();
        Driver = driver;
    }

    public QuorumDriver Driver { get; }

    /// <summary>The epoch of this start of the broker, once registered.</summary>
    public long BrokerEpoch => _brokerEpoch;

    /// <summary>What a driver over this directory needs.</summary>
    public static QuorumDriverSetup DriverSetup(
        BrokerConfig config, LogDirectory directory, IDisk disk, VoterEndpoint controller, ControllerSettings settings,
        (IoLoopGroup Group, IClock Clock, Action<string> Report, Action<Exception> Failed) world) => new(
            new MetadataNodeSetup
            {
                Disk = disk,
                LogDirectory = directory.Path,
                Raft = new RaftSetup(NodeStorage.Voter(config, directory.Id, controller), VoterSet.Empty),
                Controller = settings,
                Log = new MetadataLogConfig(
                    config.Quorum.SegmentBytes, config.Quorum.SegmentMs, config.Quorum.SnapshotAfterBytes, config.Quorum.SnapshotAfterMs,
                    config.Quorum.RetentionBytes, config.Quorum.RetentionMs),
                Report = world.Report,
            },
            world.Group.Control,
            world.Group.BackgroundLoops,
            world.Clock,
            world.Failed);

    /// <summary>Loads the metadata and leads its quorum.</summary>
    public Task LeadAsync()
    {
        try
        {
            Driver.Load();
        }
        catch (Exception e) when (e is QuorumException or MalformedException)
        {
            throw new StartupException(e.Message, e);
        }

        var ready = NewSignal<bool>();
        Driver.Start(() => ready.TrySetResult(true));
        return ready.Task;
    }

    /// <summary>Registers this start of broker and controller, fenced.</summary>
    public async Task RegisterAsync(IReadOnlyList<NodeEndpoint> broker, IReadOnlyList<NodeEndpoint> controller)
    {
        var request = new BrokerRegistrationRequest
        {
            BrokerId = _config.NodeId,
            ClusterId = _directories.Metadata.Meta.ClusterId,
            IncarnationId = _incarnation,
            Rack = _config.Text("broker.rack"),
            PreviousBrokerEpoch = _directories.PreviousBrokerEpoch,
            LogDirs = [.. _directories.Logs.Select(directory => directory.Id)],
            Listeners = [.. broker.Select(e => new BrokerRegistrationRequest.Listener
            {
                Name = e.Name, Host = e.Host, Port = e.Port, SecurityProtocol = e.SecurityProtocol,
            })],
            Features = [.. SupportedFeatures.All.Select(f => new BrokerRegistrationRequest.Feature
            {
                Name = f.Name, MinSupportedVersion = f.Lowest, MaxSupportedVersion = f.Highest,
            })],
        };
        var self = new ControllerImage
        {
            Id = _config.NodeId,
            IncarnationId = _incarnation,
            Endpoints = [.. controller],
            Features = [.. SupportedFeatures.All],
        };
        await AskAsync((machine, decision) => BrokerRegistrations.RegisterController(machine, self, decision)).ConfigureAwait(false);
        var reply = await AskAsync((machine, decision) => BrokerRegistrations.Register(machine, request, decision)).ConfigureAwait(false);
        if (reply.ErrorCode != ErrorCode.None)
        {
            throw new StartupException(
                $"node {_config.NodeId} cannot register as a broker of the cluster in {_directories.Metadata.Path}: "
                + reply.ErrorCode.ProtocolName());
        }

        _brokerEpoch = reply.BrokerEpoch;
    }

    /// <summary>Lets this broker lead.</summary>
    public Task UnfenceAsync() =>
        AskAsync((machine, decision) => BrokerRegistrations.Unfence(machine, _config.NodeId, _brokerEpoch, decision));

    /// <summary>Takes this broker out of service.</summary>
    public Task FenceAsync() =>
        AskAsync((machine, decision) => BrokerRegistrations.Fence(machine, _config.NodeId, _brokerEpoch, decision));

    /// <summary>Syncs and closes the metadata log.</summary>
    public Task StopAsync()
    {
        var stopped = NewSignal<bool>();
        Driver.Stop(() => stopped.TrySetResult(true));
        return stopped.Task;
    }

    private Task<TReply> AskAsync<TReply>(Func<ControllerMachine, Decision<MetadataRecord>, TReply> decide)
        where TReply : class
    {
        var answered = NewSignal<TReply>();
        Driver.Submit(decide, (error, reply) =>
        {
            if (error == ErrorCode.None)
            {
                answered.TrySetResult(reply!);
            }
            else
            {
                answered.TrySetException(new IOException($"the controller answers {error.ProtocolName()}"));
            }
        });
        return answered.Task;
    }

    private static TaskCompletionSource<T> NewSignal<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
