using Barnabas.Base;

namespace Barnabas.Cluster.Groups.Offsets;

/// <summary>Where a group goes on in one partition. Immutable.</summary>
/// <param name="Offset">The next record to read; negative ones are kept as they came, as Kafka does.</param>
/// <param name="LeaderEpoch">Epoch of the last record read, or -1.</param>
/// <param name="Metadata">The client's own text, never null.</param>
/// <param name="CommitTimestampMs">When it was committed.</param>
/// <param name="ExpireTimestampMs">When it ends, set by clients of OffsetCommit 2 to 4 only; else -1.</param>
/// <param name="TopicId">The topic it was committed for, or <see cref="Uuid.Zero"/> in old records.</param>
public sealed record CommittedOffset(
    long Offset, int LeaderEpoch, string Metadata, long CommitTimestampMs, long ExpireTimestampMs, Uuid TopicId);
