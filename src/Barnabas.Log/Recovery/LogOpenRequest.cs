using Barnabas.Base.Seams;

namespace Barnabas.Log.Recovery;

/// <summary>What opening a log needs to know. Immutable.</summary>
public sealed record LogOpenRequest
{
    public required IDisk Disk { get; init; }

    /// <summary>The partition's directory; made if it is absent.</summary>
    public required string DirectoryPath { get; init; }

    public required TopicPartition Partition { get; init; }

    public LogConfig Config { get; init; } = LogConfig.Default;

    public required long NowMs { get; init; }

    /// <summary>True when the log directory carried the flag of a clean shutdown.</summary>
    public bool IsClean { get; init; }

    /// <summary>All below was synced, as the checkpoint says; 0 if it says nothing.</summary>
    public long RecoveryPoint { get; init; }

    /// <summary>
    /// True where a hole in what was never flushed is closed, and the good records behind it are kept: for a partition whose only copy this
    /// is. False where such a hole is damage like any other.
    /// </summary>
    public bool ClosesHoles { get; init; }

    /// <summary>The first offset, as the checkpoint says; 0 if it says nothing. A new log begins here.</summary>
    public long LogStartOffset { get; init; }

    /// <summary>The high watermark, as the checkpoint says; 0 if it says nothing.</summary>
    public long HighWatermark { get; init; }

    /// <summary>Where the cleaner stopped, as its checkpoint says; -1 if it says nothing.</summary>
    public long FirstDirtyOffset { get; init; } = -1;
}

/// <summary>An open log and what had to be done to it.</summary>
public sealed record OpenedLog(PartitionLog Log, RecoveryReport Report);

/// <summary>What opening a log found and mended.</summary>
/// <param name="SegmentsScanned">Segments whose every batch was checked.</param>
/// <param name="BytesCut">Bytes of a torn tail that were cut off.</param>
/// <param name="Damages">Rotten ranges with good batches behind them, which were kept and are to be reported; the log may still be
/// used.</param>
/// <param name="Lost">Holes above the recovery point that were closed, in order.</param>
public sealed record RecoveryReport(
    int SegmentsScanned, long BytesCut, IReadOnlyList<LogDamage> Damages, IReadOnlyList<LostRecords> Lost)
{
    /// <summary>Files of an interrupted compaction that were spoiled: the segments that they were to replace have stayed.</summary>
    public IReadOnlyList<string> SpoiledSwaps { get; init; } = [];

    /// <summary>Files beside the data that were wrong, and were made anew from it.</summary>
    public IReadOnlyList<string> Rebuilt { get; init; } = [];
}

/// <summary>
/// Records that a power cut took out of the middle of a log: written, not flushed, with others behind them that are there.
/// </summary>
/// <param name="FirstOffset">The first that is gone.</param>
/// <param name="NextOffset">The first that is there again.</param>
public sealed record LostRecords(long FirstOffset, long NextOffset);
