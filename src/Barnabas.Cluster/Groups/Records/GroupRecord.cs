using Barnabas.Cluster.Groups.Offsets;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Records;

/// <summary>One record of <c>__consumer_offsets</c>, decoded. Immutable.</summary>
public abstract record GroupRecord;

/// <summary>A classic group as of its last assignment; null for a group that is gone. Immutable, the value included.</summary>
public sealed record GroupMetadataRecord(string GroupId, GroupMetadataValue? Value) : GroupRecord;

/// <summary>
/// A committed offset; null for one that is gone. With a producer id it is part of a transaction and counts from the transaction's end.
/// </summary>
public sealed record OffsetRecord(string GroupId, string Topic, int Partition, CommittedOffset? Value, long ProducerId = -1) : GroupRecord
{
    /// <summary>The producer's epoch, where it is written; it is not read back.</summary>
    public short ProducerEpoch { get; init; } = -1;
}

/// <summary>The end of a producer's transaction on this partition: its offsets become visible, or are forgotten.</summary>
public sealed record TransactionEndRecord(long ProducerId, bool IsCommit) : GroupRecord;

/// <summary>Protocols of groups that this broker keeps the records of without running them.</summary>
public enum ForeignKind : byte
{
    Share,
    Streams,
}

/// <summary>A record of another group protocol: what of it matters to a coordinator that leaves it alone.</summary>
/// <param name="GroupId">The group.</param>
/// <param name="Kind">Its protocol.</param>
/// <param name="MemberId">The member that it tells of; null for a record about the group.</param>
/// <param name="IsTombstone">True when it says that the group or the member is gone.</param>
public sealed record ForeignRecord(string GroupId, ForeignKind Kind, string? MemberId, bool IsTombstone) : GroupRecord;
