namespace Barnabas.Cluster.Raft;

/// <summary>What a <see cref="RaftNode"/> wants done by whoever drives it.</summary>
public enum RaftEffectKind
{
    /// <summary>Make <see cref="RaftEffect.State"/> durable, then call <see cref="RaftNode.StateStored"/>.</summary>
    StoreState,

    /// <summary>Append <see cref="RaftEffect.Batch"/> to the log at <see cref="RaftEffect.Offset"/>.</summary>
    Append,

    /// <summary>Make the log durable up to <see cref="RaftEffect.Offset"/>, then call <see cref="RaftNode.LogStored"/>.</summary>
    Sync,

    /// <summary>This node leads from now on; the records it appends begin at <see cref="RaftEffect.Offset"/>.</summary>
    Lead,

    /// <summary>This node does not lead any more.</summary>
    StopLeading,

    /// <summary>Everything below <see cref="RaftEffect.Offset"/> is committed.</summary>
    Commit,
}

/// <summary>One thing to do; what it does not need is empty. Effects are carried out in the order they came.</summary>
public sealed record RaftEffect(RaftEffectKind Kind)
{
    /// <summary>For <see cref="RaftEffectKind.StoreState"/>.</summary>
    public QuorumState? State { get; init; }

    /// <summary>For <see cref="RaftEffectKind.Append"/>: one whole record batch.</summary>
    public ReadOnlyMemory<byte> Batch { get; init; }

    public long Offset { get; init; }
}
