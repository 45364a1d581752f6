using Barnabas.Base;

namespace Barnabas.Cluster.Partitions;

/// <summary>What lives on a partition: a coordinator whose journal it is. Told in the turns of the partition's shard.</summary>
public abstract class ReplicaResident
{
    /// <summary>The metadata says something new of the partition; told once at the beginning too.</summary>
    public abstract void Changed(ReplicaState state);

    /// <summary>The high watermark has moved: what is below it is committed, and what was staged is written.</summary>
    public abstract void HighWatermarkAdvanced();

    /// <summary>A marker that ends a transaction was put into the log, at that offset.</summary>
    public abstract void TransactionEnded(long producerId, bool isCommit, long offset);

    /// <summary>The log cannot be used any more.</summary>
    public abstract void Failed(ErrorCode error);

    /// <summary>The partition leaves this node.</summary>
    public abstract void Removed();
}
