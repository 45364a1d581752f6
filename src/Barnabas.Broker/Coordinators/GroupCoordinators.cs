using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Partitions;

namespace Barnabas.Broker.Coordinators;

/// <summary>
/// The group coordinators of a broker, one on each partition of <c>__consumer_offsets</c> that it holds. Immutable but for what the shards
/// own; any thread may ask.
/// </summary>
public sealed class GroupCoordinators : PartitionCoordinators<GroupCoordinator, GroupRecord, GroupConfig>, IMetadataSubscriber
{
    private readonly Loop _background;
    private readonly Action<string> _report;
    private readonly ulong _seed;

    /// <summary>A broker's group coordinators.</summary>
    /// <param name="replicas">The partitions of this broker.</param>
    /// <param name="metadata">Says how many partitions the offsets topic has; its deletions of topics reach the offsets too.</param>
    /// <param name="config">Limits and times.</param>
    /// <param name="background">A loop that may wait for the disk, for loading.</param>
    /// <param name="random">For the ids of members.</param>
    /// <param name="report">Takes a sentence about a log that cannot be loaded. Any thread.</param>
    public GroupCoordinators(
        ReplicaTable replicas, MetadataPublisher metadata, GroupConfig config, Loop background, Randomness random, Action<string> report)
        : base(GroupPartition.Topic, replicas, metadata, config)
    {
        _background = background;
        _seed = random.NextUInt64();
        _report = report;
    }

    /// <summary>
    /// True when the consumer protocol is offered: the cluster has agreed on it, and the configuration does not leave it out.
    /// </summary>
    public bool RunsConsumerGroups => Config.OffersConsumerProtocol && Image.Features.LevelOf(SupportedFeatures.GroupVersion) > 0;

    /// <inheritdoc/>
    public void OnMetadata(MetadataDelta delta)
    {
        foreach (var id in delta.ChangedTopics)
        {
            if (delta.Before.Topics.Find(id) is { } gone && delta.After.Topics.Find(id) is null)
            {
                EachLed(machine => machine.Host.Machine.ForgetTopic(gone.Name, gone.Id));
            }
        }
    }

    private protected override PartitionMachine<GroupCoordinator, GroupRecord> Make(Replica replica, MachineRefusals refusals)
    {
        // Each partition draws from a stream of its own, so that one more draw in one does not shift another.
        var random = new Randomness(_seed + (ulong)replica.Partition.Partition);
        var coordinator = new GroupCoordinator(Config, replica.Shard.Loop, random, () => Image, _background);
        var machine = new PartitionMachine<GroupCoordinator, GroupRecord>(
            replica, coordinator, new GroupRecordCodec(), refusals, _background, _report) { Progress = Progress };
        coordinator.Attach(operation => machine.Host.Submit(operation, machine.Loop.NowWallMs));
        return machine;
    }
}
