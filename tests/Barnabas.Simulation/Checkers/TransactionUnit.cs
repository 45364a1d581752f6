namespace Barnabas.Simulation.Checkers;

/// <summary>One transaction of a client, and what has become of it. Owned by the ledger.</summary>
/// <param name="key">What its records begin with.</param>
/// <param name="id">The transactional id.</param>
/// <param name="producerId">Of the producer.</param>
/// <param name="epoch">Of the producer while it is in the transaction.</param>
internal sealed class TransactionUnit(string key, string id, long producerId, short epoch)
{
    public string Key => key;

    public string Id => id;

    public long ProducerId => producerId;

    public short Epoch => epoch;

    /// <summary>When the client sent its first request of it, microseconds.</summary>
    public required long BegunUs { get; init; }

    /// <summary>Partitions in which a batch of it was acknowledged.</summary>
    public List<(TopicModel Topic, PartitionHistory History)> Written { get; } = [];

    /// <summary>Offsets that were acknowledged, by piece of work.</summary>
    public Dictionary<int, long> Offsets { get; } = [];

    /// <summary>What the client was told of its end: true for a commit; null for nothing.</summary>
    public bool? Told { get; set; }

    /// <summary>What the coordinator's log says, and where.</summary>
    public (TransactionLog Log, long Offset, bool IsCommit)? Decision { get; set; }

    /// <summary>What the markers say that came to its records, by partition.</summary>
    public Dictionary<PartitionHistory, bool> Outcomes { get; } = [];

    /// <summary>True once every marker is written: what is decided from then on is not about it.</summary>
    public bool IsOver { get; set; }

    /// <summary>True once it is committed for good.</summary>
    public bool IsCommitted => Decision is { IsCommit: true } decision && decision.Offset < decision.Log.CommittedEnd;

    /// <inheritdoc/>
    public override string ToString() => $"{key} of {id} ({producerId}, {epoch})";
}
