using Barnabas.Base;
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
/// Which partition of <c>__consumer_offsets</c> coordinates a group, and the way to it: each partition that this broker holds has a
/// coordinator that lives on the partition's shard. Immutable but for what the shards own; any thread may ask.
/// </summary>
public sealed class GroupCoordinators : IMetadataSubscriber
{
    private static readonly MachineRefusals Refusals = new(
        ErrorCode.NotCoordinator, ErrorCode.CoordinatorLoadInProgress, ErrorCode.CoordinatorNotAvailable);

    private readonly ReplicaTable _replicas;
    private readonly MetadataPublisher _metadata;
    private readonly GroupConfig _config;
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
    {
        _replicas = replicas;
        _metadata = metadata;
        _config = config;
        _background = background;
        _seed = random.NextUInt64();
        _report = report;
    }

    /// <summary>Topics and partitions that exist, as handlers check them.</summary>
    public MetadataImage Image => _metadata.Image;

    /// <summary>
    /// True when the consumer protocol is offered: the cluster has agreed on it, and the configuration does not leave it out.
    /// </summary>
    public bool RunsConsumerGroups => _config.OffersConsumerProtocol && Image.Features.LevelOf(SupportedFeatures.GroupVersion) > 0;

    /// <summary>
    /// A partition is on this broker, or is not any more: each one of the offsets topic has a coordinator. Any thread; again for one that
    /// is known does nothing.
    /// </summary>
    public void OnReplica(Replica replica, bool isHere)
    {
        if (replica.Partition.Topic != GroupPartition.Topic)
        {
            return;
        }

        replica.Shard.Loop.Post(new ActionTask(() =>
        {
            if (!isHere)
            {
                replica.Resident?.Removed();
            }
            else if (replica.Resident is null)
            {
                Settle(replica);
            }
        }));
    }

    /// <summary>Every coordinator answers all that waits, and refuses what follows. Any thread.</summary>
    public void Stop()
    {
        foreach (var replica in Led())
        {
            replica.Shard.Loop.Post(new ActionTask(() => MachineOf(replica)?.Stop(ErrorCode.NotCoordinator)));
        }
    }

    /// <inheritdoc/>
    public void OnMetadata(MetadataDelta delta)
    {
        foreach (var id in delta.ChangedTopics)
        {
            if (delta.Before.Topics.Find(id) is { } gone && delta.After.Topics.Find(id) is null)
            {
                Forget(gone);
            }
        }
    }

    /// <summary>
    /// Has the group's coordinator decide the operation and reply; refuses it where this broker does not coordinate the group. Any thread.
    /// </summary>
    internal void Submit(string groupId, GroupOperation operation, GroupCall call)
    {
        if (Find(groupId) is not { } replica)
        {
            var mistake = operation.Precheck(_config);
            operation.Finish(mistake == ErrorCode.None ? ErrorCode.NotCoordinator : mistake);
            call.Submitted();
            return;
        }

        replica.Shard.Loop.PostOrRun(new SubmitTask(replica, operation, call));
    }

    /// <summary>Has a coordinator decide the operation and reply. Any thread.</summary>
    internal static void Submit(Replica replica, GroupOperation operation, GroupCall call) =>
        replica.Shard.Loop.PostOrRun(new SubmitTask(replica, operation, call));

    /// <summary>Every coordinator's partition that this broker leads, in order. Any thread.</summary>
    internal IReadOnlyList<Replica> Led()
    {
        var partitions = Image.Topics.Find(GroupPartition.Topic)?.Partitions.Length ?? 0;
        var led = new List<Replica>(partitions);
        for (var partition = 0; partition < partitions; partition++)
        {
            if (_replicas.Find(GroupPartition.Topic, partition) is { } replica && replica.CheckLeader(-1) == ErrorCode.None)
            {
                led.Add(replica);
            }
        }

        return led;
    }

    /// <summary>Has a coordinator decide the operation and reply, at once. In a turn of the partition's shard.</summary>
    internal static void SubmitHere(Replica replica, GroupOperation operation)
    {
        if (MachineOf(replica) is { } machine)
        {
            machine.Host.Submit(operation, machine.Loop.NowWallMs);
        }
        else
        {
            operation.Finish(ErrorCode.NotCoordinator);
        }
    }

    /// <summary>The partition that coordinates a group, if this broker holds it. Any thread.</summary>
    internal Replica? Find(string groupId)
    {
        var topic = Image.Topics.Find(GroupPartition.Topic);
        return topic is null ? null : _replicas.Find(topic.Id, GroupPartition.Of(groupId, topic.Partitions.Length));
    }

    private void Settle(Replica replica)
    {
        // Each partition draws from a stream of its own, so that one more draw in one does not shift another.
        var random = new Randomness(_seed + (ulong)replica.Partition.Partition);
        var coordinator = new GroupCoordinator(_config, replica.Shard.Loop, random, () => _metadata.Image, _background);
        var machine = new PartitionMachine<GroupCoordinator, GroupRecord>(
            replica, coordinator, new GroupRecordCodec(), Refusals, _background, _report);
        coordinator.Attach(operation => machine.Host.Submit(operation, machine.Loop.NowWallMs));
        replica.Settle(machine);
    }

    private void Forget(TopicImage gone)
    {
        foreach (var replica in Led())
        {
            replica.Shard.Loop.Post(new ActionTask(() => MachineOf(replica)?.Host.Machine.ForgetTopic(gone.Name, gone.Id)));
        }
    }

    private static PartitionMachine<GroupCoordinator, GroupRecord>? MachineOf(Replica replica) =>
        replica.Resident as PartitionMachine<GroupCoordinator, GroupRecord>;

    /// <summary>Brings an operation to its coordinator's loop; owned by that loop once posted.</summary>
    private sealed class SubmitTask(Replica replica, GroupOperation operation, GroupCall call) : LoopTask
    {
        public override void Run()
        {
            SubmitHere(replica, operation);
            call.Submitted();
        }
    }
}
