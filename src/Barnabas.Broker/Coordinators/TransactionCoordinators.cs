using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Controller;
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
/// The transaction coordinators of a broker, one on each partition of <c>__transaction_state</c> that it holds. Immutable but for what the
/// shards own; any thread may ask.
/// </summary>
public sealed class TransactionCoordinators(TransactionParts parts)
    : PartitionCoordinators<TransactionCoordinator, TransactionRecord, TransactionConfig>(
        TransactionPartition.Topic, parts.Replicas, parts.Metadata, parts.Config)
{
    private readonly MarkerWriter _markers = new(parts.Replicas, () => parts.Metadata.Image, parts.Clock);

    /// <summary>The level of the feature <c>transaction.version</c> now.</summary>
    public short TransactionVersion => Image.Features.LevelOf(SupportedFeatures.TransactionVersion);

    private protected override PartitionMachine<TransactionCoordinator, TransactionRecord> Make(Replica replica, MachineRefusals refusals)
    {
        var coordinator = new TransactionCoordinator(Config, replica.Shard.Loop);
        var machine = new PartitionMachine<TransactionCoordinator, TransactionRecord>(
            replica, coordinator, new TransactionRecordCodec(), refusals, parts.Background, parts.Report) { Progress = Progress };
        coordinator.Attach(new TransactionWorld
        {
            Submit = operation => machine.Host.Submit(operation, machine.Loop.NowWallMs),
            TransactionVersion = () => TransactionVersion,
            CoordinatorEpoch = () => replica.State.LeaderEpoch,
            NewProducerId = parts.NewProducerId,
            WriteMarkers = _markers.Write,
            Report = parts.Report,
        });
        return machine;
    }
}
