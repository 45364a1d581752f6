namespace Barnabas.Cluster.Transactions;

/// <summary>What a coordinator knows of one transactional id. Immutable.</summary>
public sealed record TransactionValue
{
    /// <summary>The highest epoch that a producer is given; the one above it only fences.</summary>
    public const short LastEpochGiven = short.MaxValue - 1;

    /// <summary>The producer id that the id has now.</summary>
    public required long ProducerId { get; init; }

    /// <summary>
    /// The producer id before the last change of state, by which the retry of a request that got a new id is known; -1: none.
    /// </summary>
    public long PreviousProducerId { get; init; } = -1;

    /// <summary>The producer id that follows when the markers are written, where epochs are used up; else -1.</summary>
    public long NextProducerId { get; init; } = -1;

    /// <summary>The producer's epoch: requests with an older one are fenced.</summary>
    public required short Epoch { get; init; }

    /// <summary>
    /// The epoch before it was raised at the producer's own request or for the end of its transaction, by which a retry is known; else -1.
    /// Not in the log, so that it is forgotten with the coordinator.
    /// </summary>
    public short LastEpoch { get; init; } = -1;

    /// <summary>How long a transaction may take, in milliseconds.</summary>
    public required int TimeoutMs { get; init; }

    /// <summary>Where it is.</summary>
    public required TransactionState State { get; init; }

    /// <summary>The partitions of the transaction, which get a marker at its end.</summary>
    public PartitionList Partitions { get; init; } = PartitionList.Empty;

    /// <summary>Wall-clock milliseconds of the last change.</summary>
    public required long LastUpdateMs { get; init; }

    /// <summary>Wall-clock milliseconds at which the transaction began, or -1.</summary>
    public long StartMs { get; init; } = -1;

    /// <summary>The protocol of whoever began or ended the transaction: 2 where every end raises the epoch, else 0.</summary>
    public short ClientVersion { get; init; }

    /// <summary>True when no producer may be given a higher epoch.</summary>
    public bool IsEpochExhausted => Epoch >= LastEpochGiven;
}
