using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Partitions;
using Barnabas.Cluster.Transactions;
using Barnabas.Cluster.Transactions.Records;

namespace Barnabas.Broker.Coordinators;

/// <summary>What the transaction coordinators of a broker stand on. Immutable.</summary>
public sealed record TransactionParts
{
    /// <summary>The partitions of this broker.</summary>
    public required ReplicaTable Replicas { get; init; }

    /// <summary>Says how many partitions the transactions topic has, and the level of transaction.version.</summary>
    public required MetadataPublisher Metadata { get; init; }

    /// <summary>Limits and times.</summary>
    public required TransactionConfig Config { get; init; }

    /// <summary>A loop that may wait for the disk, for loading.</summary>
    public required Loop Background { get; init; }

    /// <summary>The time that markers get.</summary>
    public required IClock Clock { get; init; }

    /// <summary>Gives a producer id that nobody has had; the answer comes on any thread.</summary>
    public required Action<Action<ErrorCode, long>> NewProducerId { get; init; }

    /// <summary>Takes a sentence for the operator. Any thread.</summary>
    public required Action<string> Report { get; init; }
}

/// <summary>
/// Which partition of <c>__transaction_state</c> coordinates a transactional id, and the way to it: each partition that this broker holds
/// has a coordinator that lives on the partition's shard. Immutable but for what the shards own; any thread may ask.
/// </summary>
public sealed class TransactionCoordinators(TransactionParts parts)
{
    private static readonly MachineRefusals Refusals = new(
        ErrorCode.NotCoordinator, ErrorCode.CoordinatorLoadInProgress, ErrorCode.CoordinatorNotAvailable);

    private readonly MarkerWriter _markers = new(parts.Replicas, () => parts.Metadata.Image, parts.Clock);

    /// <summary>Topics and partitions that exist, as handlers check them.</summary>
    public MetadataImage Image => parts.Metadata.Image;

    /// <summary>The level of the feature <c>transaction.version</c> now.</summary>
    public short TransactionVersion => Image.Features.LevelOf(Cluster.Controller.SupportedFeatures.TransactionVersion);

    /// <summary>
    /// A partition is on this broker, or is not any more: each one of the transactions topic has a coordinator. Any thread; again for one
    /// that is known does nothing.
    /// </summary>
    public void OnReplica(Replica replica, bool isHere)
    {
        if (replica.Partition.Topic != TransactionPartition.Topic)
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

    /// <summary>
    /// Has the coordinator of the id decide the operation and reply; refuses it where this broker does not coordinate the id.
    /// <paramref name="submitted"/>, if given, runs when it is decided or refused. Any thread.
    /// </summary>
    internal void Submit(string transactionalId, TransactionOperation operation, Action? submitted = null)
    {
        var mistake = operation.Precheck(parts.Config);
        var replica = mistake == ErrorCode.None ? Find(transactionalId) : null;
        if (replica is null)
        {
            operation.Finish(mistake == ErrorCode.None ? ErrorCode.NotCoordinator : mistake);
            submitted?.Invoke();
            return;
        }

        replica.Shard.Loop.PostOrRun(new SubmitTask(replica, operation, submitted));
    }

    /// <summary>Has a coordinator decide the operation and reply. Any thread.</summary>
    internal static void Submit(Replica replica, TransactionOperation operation, Action? submitted) =>
        replica.Shard.Loop.PostOrRun(new SubmitTask(replica, operation, submitted));

    /// <summary>Every coordinator's partition that this broker leads, in order. Any thread.</summary>
    internal IReadOnlyList<Replica> Led()
    {
        var topic = Image.Topics.Find(TransactionPartition.Topic);
        var led = new List<Replica>();
        for (var partition = 0; partition < (topic?.Partitions.Length ?? 0); partition++)
        {
            if (parts.Replicas.Find(topic!.Id, partition) is { } replica && replica.CheckLeader(-1) == ErrorCode.None)
            {
                led.Add(replica);
            }
        }

        return led;
    }

    private Replica? Find(string transactionalId)
    {
        var topic = Image.Topics.Find(TransactionPartition.Topic);
        return topic is null ? null
            : parts.Replicas.Find(topic.Id, TransactionPartition.Of(transactionalId, topic.Partitions.Length));
    }

    private void Settle(Replica replica)
    {
        var coordinator = new TransactionCoordinator(parts.Config, replica.Shard.Loop);
        var machine = new PartitionMachine<TransactionCoordinator, TransactionRecord>(
            replica, coordinator, new TransactionRecordCodec(), Refusals, parts.Background, parts.Report);
        coordinator.Attach(new TransactionWorld
        {
            Submit = operation => machine.Host.Submit(operation, machine.Loop.NowWallMs),
            TransactionVersion = () => TransactionVersion,
            CoordinatorEpoch = () => replica.State.LeaderEpoch,
            NewProducerId = parts.NewProducerId,
            WriteMarkers = _markers.Write,
            Report = parts.Report,
        });
        replica.Settle(machine);
    }

    private static PartitionMachine<TransactionCoordinator, TransactionRecord>? MachineOf(Replica replica) =>
        replica.Resident as PartitionMachine<TransactionCoordinator, TransactionRecord>;

    /// <summary>Brings an operation to its coordinator's loop; owned by that loop once posted.</summary>
    private sealed class SubmitTask(Replica replica, TransactionOperation operation, Action? submitted) : LoopTask
    {
        public override void Run()
        {
            if (MachineOf(replica) is { } machine)
            {
                machine.Host.Submit(operation, machine.Loop.NowWallMs);
            }
            else
            {
                operation.Finish(ErrorCode.NotCoordinator);
            }

            submitted?.Invoke();
        }
    }
}
