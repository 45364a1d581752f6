using Barnabas.Log;
using Barnabas.Log.Directories;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// The offset checkpoints of a log directory, written when they have changed. Owned by the upkeep's loop, the cleaner's
/// offsets by the cleaner's; at the end of the broker by whoever stops it.
/// </summary>
public sealed class Checkpoints(LogDirectory directory, Func<IReadOnlyList<Replica>> replicasHere)
{
    private List<PartitionOffset>? _recoveryPoints;
    private List<PartitionOffset>? _logStarts;
    private List<PartitionOffset>? _highWatermarks;
    private List<PartitionOffset>? _cleanerOffsets;

    /// <summary>Recovery points.</summary>
    public void WriteRecoveryPoints() => Write(
        ref _recoveryPoints,
        [.. replicasHere().Select(r => new PartitionOffset(r.Partition, r.Log.RecoveryPoint))],
        directory.WriteRecoveryPoints);

    /// <summary>Log starts, where they do not begin a segment.</summary>
    public void WriteLogStarts() => Write(
        ref _logStarts,
        [.. replicasHere().Where(r => r.View.LogStartOffset > r.View.FirstSegmentOffset)
            .Select(r => new PartitionOffset(r.Partition, r.View.LogStartOffset))],
        directory.WriteLogStarts);

    /// <summary>High watermarks.</summary>
    public void WriteHighWatermarks() => Write(
        ref _highWatermarks,
        [.. replicasHere().Select(r => new PartitionOffset(r.Partition, r.View.HighWatermark))],
        directory.WriteHighWatermarks);

    /// <summary>Where cleanings stopped. At first always, so that nothing is left there of partitions that were deleted.</summary>
    public void WriteCleanerOffsets()
    {
        _cleanerOffsets ??= [new PartitionOffset(default, -1)];
        var offsets = replicasHere().Select(r => new PartitionOffset(r.Partition, r.View.FirstDirtyOffset));
        Write(ref _cleanerOffsets, [.. offsets.Where(o => o.Offset >= 0)], directory.WriteCleanerOffsets);
    }

    private static void Write(
        ref List<PartitionOffset>? before, List<PartitionOffset> now, Action<IReadOnlyCollection<PartitionOffset>> write)
    {
        if (before is null ? now.Count > 0 : !before.SequenceEqual(now))
        {
            write(now);
            before = now;
        }
    }
}
