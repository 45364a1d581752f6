using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Log.Epochs;
using Barnabas.Log.Segments;

namespace Barnabas.Log.Flushing;

/// <summary>
/// What has to be made durable up to one moment of a log: made by the owner, run once on a background thread (it may block), then given
/// back to the owner, which moves the recovery point. Immutable; touches no state of the log. A failure means that the directory is
/// offline.
/// </summary>
public sealed class FlushJob
{
    private readonly IDisk _disk;
    private readonly string _directory;

    internal FlushJob(IDisk disk, string directory)
    {
        _disk = disk;
        _directory = directory;
    }

    /// <summary>All below this offset is durable when the job is done.</summary>
    public long EndOffset { get; internal init; }

    /// <summary>Truncations so far; a job of an earlier generation says nothing about what is there now.</summary>
    internal int Generation { get; init; }

    /// <summary>Sealed segments whose indexes were never written.</summary>
    internal Segment[] Sealed { get; init; } = [];

    /// <summary>The active segment, if it is to be synced too.</summary>
    internal Segment? Active { get; init; }

    /// <summary>True to write the active segment's indexes as well, for a clean close.</summary>
    internal bool IsClose { get; init; }

    /// <summary>True when all data was synced before: an idle log closes with little to do.</summary>
    internal bool IsDataSynced { get; init; }

    /// <summary>Producer snapshots by offset.</summary>
    internal (long Offset, byte[] Bytes)[] Snapshots { get; init; } = [];

    /// <summary>The epoch history, if it changed.</summary>
    internal LeaderEpochs? Epochs { get; init; }

    internal bool IsDirectoryChanged { get; init; }

    /// <summary>
    /// Writes and syncs. Throws <see cref="IOException"/>; never to be tried again after that. Nothing when the partition was deleted
    /// meanwhile.
    /// </summary>
    public void Run()
    {
        try
        {
            RunAndHold();
        }
        finally
        {
            Abandon();
        }
    }

    /// <summary>
    /// As <see cref="Run"/>, but keeps the files open: after a <see cref="DiskFullException"/>, and no other, it may run again. To be
    /// abandoned in the end.
    /// </summary>
    public void RunAndHold()
    {
        try
        {
            RunAll();
        }
        catch (IOException) when (!_disk.DirectoryExists(_directory))
        {
            // The partition was deleted, and the files with it.
        }
    }

    /// <summary>Lets go of the files. Once.</summary>
    public void Abandon()
    {
        foreach (var segment in Held())
        {
            segment.Lease.Release();
        }
    }

    /// <summary>Keeps the files open until the job has run, whatever the log does meanwhile.</summary>
    internal FlushJob Hold()
    {
        foreach (var segment in Held())
        {
            Check.That(segment.Lease.TryRetain());
        }

        return this;
    }

    /// <summary>Writes and syncs the index files of a segment that no longer changes.</summary>
    internal static void WriteIndexes(IDisk disk, Segment segment)
    {
        SmallFile.WriteWhole(disk, segment.PathOf(SegmentNames.OffsetIndex), segment.Offsets.ToBytes());
        SmallFile.WriteWhole(disk, segment.PathOf(SegmentNames.TimeIndex), segment.Times.ToBytes());
        if (!segment.Transactions.Entries.IsEmpty)
        {
            SmallFile.WriteWhole(disk, segment.PathOf(SegmentNames.TransactionIndex), segment.Transactions.ToBytes());
        }
    }

    private IEnumerable<Segment> Held() => Active is null ? Sealed : Sealed.Append(Active);

    private void RunAll()
    {
        foreach (var segment in Sealed)
        {
            FaultPoint.Here("flush.before-indexes");
            WriteIndexes(_disk, segment);
            FaultPoint.Here("flush.before-sealed-sync");
            segment.Data.Sync();
        }

        if (Active is not null)
        {
            if (IsClose)
            {
                WriteIndexes(_disk, Active);
            }

            if (!IsDataSynced)
            {
                FaultPoint.Here("flush.before-active-sync");
                Active.Data.Sync();
            }
        }

        foreach (var (offset, bytes) in Snapshots)
        {
            FaultPoint.Here("flush.before-snapshot");
            SmallFile.WriteWhole(_disk, SegmentNames.PathOf(_directory, offset, SegmentNames.ProducerSnapshot), bytes);
        }

        if (Epochs is not null)
        {
            FaultPoint.Here("flush.before-epochs");
            SmallFile.Replace(_disk, Path.Join(_directory, SegmentNames.LeaderEpochs), Epochs.ToBytes());
        }
        else if (IsDirectoryChanged || IsClose || Sealed.Length > 0 || Snapshots.Length > 0)
        {
            FaultPoint.Here("flush.before-directory-sync");
            _disk.SyncDirectory(_directory);
        }

        FaultPoint.Here("flush.done");
    }
}
