using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Log.Recovery;

namespace Barnabas.Log.Directories;

/// <summary>A partition directory that was found at start.</summary>
/// <param name="Partition">By its name.</param>
/// <param name="TopicId">What <c>partition.metadata</c> says; null when it is absent: then nobody knows whose records these are.</param>
/// <param name="Path">Where it is.</param>
/// <param name="IsDamaged">True when <c>partition.metadata</c> is there and cannot be understood: it is not to be opened.</param>
public sealed record PartitionDirectory(TopicPartition Partition, Uuid? TopicId, string Path, bool IsDamaged = false);

/// <summary>What stands at the path of a log directory.</summary>
public enum DirectoryKind
{
    /// <summary>Nothing, or an empty directory: to be formatted.</summary>
    Empty,

    /// <summary>A directory with <c>meta.properties</c>.</summary>
    Kafka,
}

/// <summary>
/// One of <c>log.dirs</c>: its lock, identity, checkpoints, and the partitions in it. Immutable but for the disk; owned by whoever starts
/// and stops the broker. Opening logs may run on several background threads at once; writes of one checkpoint must not overlap. Every
/// member blocks and may throw <see cref="IOException"/>: the directory is then offline.
/// </summary>
public sealed class LogDirectory : IDisposable
{
    private const string MetadataTopic = "__cluster_metadata";
    private const string LockName = ".lock";
    private readonly IDisk _disk;
    private readonly IDisposable _lock;
    private readonly Dictionary<TopicPartition, long> _recoveryPoints, _logStarts, _highWatermarks, _cleanerOffsets;

    private LogDirectory(IDisk disk, string path, IDisposable held, Uuid newDirectoryId)
    {
        _disk = disk;
        _lock = held;
        Path = path;
        Meta = MetaProperties.Read(disk, path)
            ?? throw new LogDirectoryException($"{path} has no {MetaProperties.FileName}: format it first");
        if (Meta.DirectoryId is null)
        {
            Meta = Meta with { DirectoryId = newDirectoryId };
            Meta.Write(disk, path);
        }

        _recoveryPoints = OffsetCheckpoint.Read(disk, At(OffsetCheckpoint.RecoveryPoints));
        _logStarts = OffsetCheckpoint.Read(disk, At(OffsetCheckpoint.LogStarts));
        _highWatermarks = OffsetCheckpoint.Read(disk, At(OffsetCheckpoint.HighWatermarks));
        _cleanerOffsets = OffsetCheckpoint.Read(disk, At(OffsetCheckpoint.CleanerOffsets));
        var found = DirectoryListing.Read(disk, path);
        Partitions = found.Partitions;
        Futures = found.Futures;
        Leftovers = found.Leftovers;
        var cleanEpoch = CleanShutdownFile.Read(disk, path);
        WasClean = cleanEpoch is not null;
        PreviousBrokerEpoch = cleanEpoch ?? -1;
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>Bytes that may still be written to the directory's file system, and its size. Blocks; any thread.</summary>
    public (long FreeBytes, long TotalBytes) Space() => _disk.Space(Path);

    /// <summary>Whose it is; the directory id is always set.</summary>
    public MetaProperties Meta { get; }

    /// <summary>The directory's own id, by which the metadata knows it.</summary>
    public Uuid Id => Meta.DirectoryId!.Value;

    /// <summary>True when the last user closed all its logs.</summary>
    public bool WasClean { get; }

    /// <summary>The epoch that the broker had when it stopped cleanly, or -1.</summary>
    public long PreviousBrokerEpoch { get; }

    /// <summary>The partition directories that were there at start.</summary>
    public IReadOnlyList<PartitionDirectory> Partitions { get; }

    /// <summary>Copies of partitions that were being moved into this directory when its last user stopped.</summary>
    public IReadOnlyList<PartitionDirectory> Futures { get; }

    /// <summary>Paths of directories that were deleted but not removed yet: for <see cref="Remove"/>, in the background.</summary>
    public IReadOnlyList<string> Leftovers { get; }

    /// <summary>
    /// Says what stands at a path. A directory that is not empty and not Kafka's is a <see cref="LogDirectoryException"/>;
    /// <paramref name="isUnfinished"/> tells the entries that a format leaves which did not come to its end.
    /// </summary>
    public static DirectoryKind Inspect(IDisk disk, string path, Predicate<DiskEntry>? isUnfinished = null)
    {
        if (disk.FileExists(path))
        {
            throw new LogDirectoryException($"{path} is a file; give a directory");
        }

        if (!disk.DirectoryExists(path))
        {
            return DirectoryKind.Empty;
        }

        string? strange = null;
        foreach (var entry in disk.List(path))
        {
            if (entry.Name == MetaProperties.FileName)
            {
                return DirectoryKind.Kafka;
            }

            var isOurs = entry.Name is LockName or "lost+found" or MetaProperties.FileName + ".tmp" || isUnfinished?.Invoke(entry) == true;
            strange ??= isOurs ? null : entry.Name;
        }

        return strange is null
            ? DirectoryKind.Empty
            : throw new LogDirectoryException(
                $"{path} is neither empty nor a Kafka data directory: it holds '{strange}' but no {MetaProperties.FileName}; "
                + "give another directory, or empty this one");
    }

    /// <summary>Makes an empty directory into a log directory.</summary>
    public static void Format(IDisk disk, string path, MetaProperties meta)
    {
        disk.CreateDirectory(path);
        meta.Write(disk, path);
    }

    /// <summary>
    /// Locks and reads a formatted directory. A <see cref="LogDirectoryException"/> when somebody else has it. <paramref
    /// name="newDirectoryId"/> is for directories that have no id yet.
    /// </summary>
    public static LogDirectory Open(IDisk disk, string path, Uuid newDirectoryId)
    {
        var held = disk.TryLock(System.IO.Path.Join(path, LockName))
            ?? throw new LogDirectoryException($"{path} is in use by another broker; stop that one, or give another directory");
        LogDirectory? opened = null;
        try
        {
            opened = new LogDirectory(disk, path, held, newDirectoryId);
            return opened;
        }
        finally
        {
            if (opened is null)
            {
                held.Dispose();
            }
        }
    }

    /// <summary>
    /// The start goes on and is about to open logs: the flag of a clean shutdown goes. A start that is refused before leaves it.
    /// </summary>
    public void Begin()
    {
        if (WasClean)
        {
            CleanShutdownFile.Remove(_disk, Path);
        }
    }

    /// <summary>
    /// Opens a log that was there at start, recovering it unless the shutdown was clean. The metadata log is always recovered from its
    /// recovery point.
    /// </summary>
    public OpenedLog OpenLog(PartitionDirectory found, LogConfig config, long nowMs) =>
        OpenLog(found.Partition, found.Path, config, nowMs, WasClean && found.Partition.Topic != MetadataTopic);

    /// <summary>Makes the directory of a new partition, with its topic's id, and an empty log in it.</summary>
    public OpenedLog CreateLog(TopicPartition partition, Uuid topicId, LogConfig config, long nowMs) =>
        Create(partition.ToString(), partition, topicId, config, 0, nowMs);

    /// <summary>
    /// Makes the directory, with a name that ends in <c>-future</c>, for a copy of a partition that moves here, and an empty log in it that
    /// begins at <paramref name="startOffset"/>.
    /// </summary>
    public OpenedLog CreateFuture(
        TopicPartition partition, Uuid topicId, Uuid unique, LogConfig config, long startOffset, long nowMs) =>
        Create(
            DirectoryListing.AsideName(partition, unique, DirectoryListing.FutureSuffix), partition, topicId, config, startOffset, nowMs);

    /// <summary>
    /// Opens a copy that was there at start, after a clean stop only: it was synced when it was closed, and not before. What the
    /// checkpoints say under its partition's name is of another life, or of another log.
    /// </summary>
    public OpenedLog OpenFuture(PartitionDirectory found, LogConfig config, long nowMs)
    {
        Check.That(WasClean);
        return PartitionLog.Open(new LogOpenRequest
        {
            Disk = _disk, DirectoryPath = found.Path, Partition = found.Partition, Config = config, NowMs = nowMs, IsClean = true,
        });
    }

    /// <summary>
    /// Makes a copy, whole and closed, the partition's log: renames its directory and opens it again, trusted as after a clean stop.
    /// </summary>
    /// <param name="copy">Closed.</param>
    /// <param name="firstDirtyOffset">Up to where it is known to be clean; -1 when nobody knows.</param>
    /// <param name="nowMs">For what is derived from the log's end.</param>
    public OpenedLog Promote(PartitionLog copy, long firstDirtyOffset, long nowMs)
    {
        var path = At(copy.Partition.ToString());
        FaultPoint.Here("promote.before-rename");
        _disk.Rename(copy.DirectoryPath, path);
        FaultPoint.Here("promote.before-directory-sync");
        _disk.SyncDirectory(Path);
        FaultPoint.Here("promote.before-open");
        return PartitionLog.Open(new LogOpenRequest
        {
            Disk = _disk,
            DirectoryPath = path,
            Partition = copy.Partition,
            Config = copy.Config,
            NowMs = nowMs,
            IsClean = true,
            RecoveryPoint = copy.LogEndOffset,
            LogStartOffset = copy.View.LogStartOffset,
            HighWatermark = copy.View.HighWatermark,
            FirstDirtyOffset = firstDirtyOffset,
        });
    }

    /// <summary>The high watermark that was checkpointed before this start, or 0.</summary>
    public long HighWatermarkOf(TopicPartition partition) => _highWatermarks.GetValueOrDefault(partition);

    /// <summary>Replaces the recovery points: every log of the directory has to be in it.</summary>
    public void WriteRecoveryPoints(IReadOnlyCollection<PartitionOffset> offsets) =>
        OffsetCheckpoint.Write(_disk, At(OffsetCheckpoint.RecoveryPoints), offsets);

    /// <summary>Replaces the log starts: only logs whose start lies behind the base of their first segment.</summary>
    public void WriteLogStarts(IReadOnlyCollection<PartitionOffset> offsets) =>
        OffsetCheckpoint.Write(_disk, At(OffsetCheckpoint.LogStarts), offsets);

    /// <summary>Replaces the high watermarks: every log but that of the metadata.</summary>
    public void WriteHighWatermarks(IReadOnlyCollection<PartitionOffset> offsets) =>
        OffsetCheckpoint.Write(_disk, At(OffsetCheckpoint.HighWatermarks), offsets);

    /// <summary>Replaces the offsets where cleanings stopped: only logs that were cleaned.</summary>
    public void WriteCleanerOffsets(IReadOnlyCollection<PartitionOffset> offsets) =>
        OffsetCheckpoint.Write(_disk, At(OffsetCheckpoint.CleanerOffsets), offsets);

    /// <summary>
    /// Takes a partition's directory out of the way under a name that ends in <c>-delete</c>; returns the new path, for <see
    /// cref="Remove"/> after the topic's delay. Its log has to be abandoned first.
    /// </summary>
    public string MarkDeleted(TopicPartition partition, Uuid unique) => MarkDeleted(At(partition.ToString()), partition, unique);

    /// <summary>As the other, for a directory of another name: the copy of a move that is given up.</summary>
    public string MarkDeleted(string path, TopicPartition partition, Uuid unique) =>
        MoveAside(path, partition, unique, DirectoryListing.DeletedSuffix);

    /// <summary>
    /// Takes a directory that belongs to no known topic out of the way under a name that ends in <c>-stray</c>; nothing is lost.
    /// </summary>
    public string MarkStray(string path, TopicPartition partition, Uuid unique) =>
        MoveAside(path, partition, unique, DirectoryListing.StraySuffix);

    /// <summary>Removes a directory that <see cref="MarkDeleted"/> named, or one of <see cref="Leftovers"/>.</summary>
    public void Remove(string path)
    {
        FaultPoint.Here("aside.before-remove");
        _disk.DeleteDirectory(path);
    }

    /// <summary>
    /// The end of a clean shutdown, after every log was closed and the checkpoints written: the flag as the last act, then the lock goes.
    /// </summary>
    public void CloseClean(long brokerEpoch)
    {
        FaultPoint.Here("stop.before-flag");
        CleanShutdownFile.Write(_disk, Path, brokerEpoch);
        FaultPoint.Here("stop.before-unlock");
        _disk.Delete(At(LockName));
        Dispose();
    }

    /// <summary>Lets go of the lock without the flag: the next start recovers.</summary>
    public void Dispose() => _lock.Dispose();

    private OpenedLog OpenLog(TopicPartition partition, string path, LogConfig config, long nowMs, bool isClean) =>
        PartitionLog.Open(new LogOpenRequest
        {
            Disk = _disk,
            DirectoryPath = path,
            Partition = partition,
            Config = config,
            NowMs = nowMs,
            IsClean = isClean,
            ClosesHoles = partition.Topic != MetadataTopic,
            RecoveryPoint = _recoveryPoints.GetValueOrDefault(partition),
            LogStartOffset = _logStarts.GetValueOrDefault(partition),
            HighWatermark = _highWatermarks.GetValueOrDefault(partition),
            FirstDirtyOffset = _cleanerOffsets.GetValueOrDefault(partition, -1),
        });

    private OpenedLog Create(
        string name, TopicPartition partition, Uuid topicId, LogConfig config, long startOffset, long nowMs)
    {
        var path = At(name);
        FaultPoint.Here("create.before-directory");
        _disk.CreateDirectory(path);
        FaultPoint.Here("create.before-metadata");
        PartitionMetadataFile.Write(_disk, path, topicId);
        FaultPoint.Here("create.before-directory-sync");
        _disk.SyncDirectory(Path);
        FaultPoint.Here("create.before-log");
        return PartitionLog.Open(new LogOpenRequest
        {
            Disk = _disk,
            DirectoryPath = path,
            Partition = partition,
            Config = config,
            NowMs = nowMs,
            IsClean = true,
            LogStartOffset = startOffset,
        });
    }

    private string MoveAside(string path, TopicPartition partition, Uuid unique, string suffix)
    {
        var name = DirectoryListing.AsideName(partition, unique, suffix);
        FaultPoint.Here("aside.before-rename");
        _disk.Rename(path, At(name));
        FaultPoint.Here("aside.before-directory-sync");
        _disk.SyncDirectory(Path);
        return At(name);
    }

    private string At(string name) => System.IO.Path.Join(Path, name);
}
