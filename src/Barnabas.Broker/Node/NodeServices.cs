using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Broker.Config;
using Barnabas.Broker.Handlers;
using Barnabas.Broker.Handlers.Admin;
using Barnabas.Broker.Handlers.Fetching;
using Barnabas.Broker.Handlers.Groups;
using Barnabas.Broker.Handlers.Partitions;
using Barnabas.Broker.Handlers.Producing;
using Barnabas.Broker.Handlers.Transactions;
using Barnabas.Broker.Logging;
using Barnabas.Broker.Network;
using Barnabas.Broker.Quorum;
using Barnabas.Broker.Worlds;
using Barnabas.Cluster.Controller;

namespace Barnabas.Broker.Node;

/// <summary>The parts of a node that handlers call on. Immutable.</summary>
internal sealed record NodeParts(
    BrokerConfig Config,
    LiveConfig Live,
    NodeDirectories Directories,
    QuorumDriver Quorum,
    NodeLogs Logs,
    IoLoopGroup Group,
    IClock Clock,
    Randomness Randomness,
    Func<long> BrokerEpoch,
    OperatorLog Log);

/// <summary>Makes the handlers of a node and fills the tables of its listeners: the one place where an API meets what answers it.</summary>
internal sealed class NodeServices(NodeParts parts)
{
    private readonly FetchSessionCache _sessions = new(parts.Config.Network.FetchSessionSlots, parts.Clock, parts.Randomness.Split());

    private readonly AutoTopics _autoTopics = new(parts.Quorum, () => parts.Live.Broker);
    private readonly NodeCoordinators _coordinators = new(parts);

    /// <summary>Fills the tables, before the first connection.</summary>
    public void AddHandlers(NodeNetwork network)
    {
        var versions = new ApiVersionsHandler(Features);
        network.BrokerApis.Add(versions);
        network.ControllerApis.Add(versions);
        var table = parts.Logs.Replicas.Table;
        var slow = new Loop("produce-slow", parts.Group.BackgroundLoops, parts.Clock);
        network.BrokerApis.Add(new ProduceHandler(table, slow, parts.Clock, _coordinators.Verifier, () => parts.Live.Broker.ChecksRecords));
        var aside = new AsideReads(
            [.. Enumerable.Range(0, 2).Select(i => new Loop($"fetch-aside-{i}", parts.Group.BackgroundLoops, parts.Clock))]);
        network.BrokerApis.Add(new FetchHandler(table, _sessions, aside, parts.Config.Network.FetchBytesMax));
        AddPartitions(network.BrokerApis);
        AddAdmin(network);
        AddCoordinators(network);
    }

    /// <summary>Ends what is not part of a connection or a log: whoever waits for a coordinator is told to find another.</summary>
    public void Stop() => _coordinators.Stop();

    private void AddPartitions(HandlerTable apis)
    {
        var partitions = new PartitionFinder(parts.Logs.Replicas.Table, () => parts.Quorum.Publisher.Image);
        var lookups = new Loop("lookups", parts.Group.BackgroundLoops, parts.Clock);
        apis.Add(new ListOffsetsHandler(partitions, lookups));
        apis.Add(new OffsetForLeaderEpochHandler(partitions));
        apis.Add(new DeleteRecordsHandler(partitions));
        apis.Add(new DescribeProducersHandler(partitions));
        apis.Add(new WriteTxnMarkersHandler(partitions, parts.Clock));
        apis.Add(new AlterReplicaLogDirsHandler(parts.Logs.Replicas));
        apis.Add(new DescribeLogDirsHandler(parts.Logs.Replicas, parts.Logs.Directories, parts.Config.LogDirs, lookups));
    }

    private void AddAdmin(NodeNetwork network)
    {
        var context = new AdminContext(
            parts.Config.NodeId,
            parts.Directories.Metadata.Meta.ClusterId,
            parts.Quorum,
            () => parts.Live.Broker,
            parts.Logs.Replicas.WhenApplied);
        IRequestHandler[] both =
        [
            new CreateTopicsHandler(context),
            new DeleteTopicsHandler(context),
            new CreatePartitionsHandler(context),
            new AlterConfigsHandler(context),
            new IncrementalAlterConfigsHandler(context),
            new DescribeConfigsHandler(context),
            new DescribeClusterHandler(context),
            new DescribeQuorumHandler(context),
            new UpdateFeaturesHandler(context),
            new UnregisterBrokerHandler(context),
            new AlterPartitionReassignmentsHandler(context),
            new ListPartitionReassignmentsHandler(),
        ];
        foreach (var handler in both)
        {
            network.BrokerApis.Add(handler);
            network.ControllerApis.Add(handler);
        }

        network.BrokerApis.Add(new MetadataHandler(context, _autoTopics));
        network.BrokerApis.Add(new DescribeTopicPartitionsHandler(context));
        network.BrokerApis.Add(new ListConfigResourcesHandler(context));
    }

    private void AddCoordinators(NodeNetwork network)
    {
        var (groups, transactions) = (_coordinators.Groups, _coordinators.Transactions);
        parts.Quorum.Loop.Post(new ActionTask(() => parts.Quorum.Publisher.SubscribeToChanges(groups)));
        network.BrokerApis
            .AddGroups(groups, parts.Quorum.Publisher, topic => _autoTopics.Create(topic))
            .AddTransactions(transactions, groups, _coordinators.Verifier, parts.Config.Groups.OffsetsTopicPartitions)
            .Add(new InitProducerIdHandler(_coordinators.ProducerIds, transactions));
    }

    private FeatureView Features()
    {
        var image = parts.Quorum.Publisher.Image;
        var quorum = new FinalizedFeatureLevel(SupportedFeatures.KRaftVersion, parts.Quorum.Status.KRaftVersion);
        return new FeatureView(
            [.. SupportedFeatures.All.Select(f => new SupportedFeatureLevels(f.Name, f.Lowest, f.Highest))],
            [.. image.Features.All.Select(f => new FinalizedFeatureLevel(f.Name, f.Level)), quorum],
            image.EndOffset - 1);
    }
}
