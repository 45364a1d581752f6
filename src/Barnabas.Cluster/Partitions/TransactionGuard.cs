namespace Barnabas.Cluster.Partitions;

/// <summary>
/// What a partition has to see unchanged after somebody has asked the transaction coordinator whether a producer may write to it: else the
/// transaction may have ended meanwhile, and what is written now would stay open for ever. Immutable; made and looked at in turns of the
/// partition's shard.
/// </summary>
/// <param name="LeaderEpoch">Of the partition when it was asked.</param>
/// <param name="EndOffset">Of the log when it was asked.</param>
public readonly record struct TransactionGuard(int LeaderEpoch, long EndOffset)
{
    /// <summary>
    /// What has to stay as it is until the coordinator has been asked about a producer; null when its transaction is open on the partition,
    /// so that nobody has to be asked.
    /// </summary>
    public static TransactionGuard? Of(Replica replica, long producerId, short epoch)
    {
        replica.Shard.Loop.CheckOwned();
        return replica.Log.TransactionOf(producerId, epoch).IsOpen
            ? null
            : new TransactionGuard(replica.State.LeaderEpoch, replica.Log.LogEndOffset);
    }

    /// <summary>True when no transaction of the producer has ended since, and no one else has led.</summary>
    public bool Holds(Replica replica, long producerId)
    {
        replica.Shard.Loop.CheckOwned();
        return LeaderEpoch == replica.State.LeaderEpoch && replica.Log.TransactionOf(producerId, -1).MarkerOffset < EndOffset;
    }
}

/// <summary>How far it is known that a transactional batch belongs to a transaction that is under way.</summary>
public enum TransactionCheck : byte
{
    /// <summary>Not asked for.</summary>
    None,

    /// <summary>Unless the partition has the transaction open, the coordinator has to be asked.</summary>
    Wanted,

    /// <summary>The coordinator has said yes.</summary>
    Passed,
}
