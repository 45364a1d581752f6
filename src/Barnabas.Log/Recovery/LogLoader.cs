using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Log.Batches;
using Barnabas.Log.Epochs;
using Barnabas.Log.Indexes;
using Barnabas.Log.Producers;
using Barnabas.Log.Segments;

namespace Barnabas.Log.Recovery;

/// <summary>
/// Opens the log of one directory: finishes what a crash interrupted, checks the segments that may not be whole, and rebuilds what is
/// derived from them. Used once, by the background thread that owns the directory until the log is handed over.
/// </summary>
internal sealed class LogLoader(LogOpenRequest request)
{
    private readonly IDisk _disk = request.Disk;
    private readonly string _directory = request.DirectoryPath;
    private readonly List<Segment> _segments = [];
    private readonly HashSet<Segment> _scanned = [];
    private readonly IndexFiles _indexes = new(request.Disk, request.DirectoryPath);
    private readonly List<SegmentLease> _leases = [];
    private readonly List<LostRecords> _lost = [];
    private readonly List<string> _rebuilt = [];
    private List<string> _spoiledSwaps = [];
    private LeaderEpochs _epochs = LeaderEpochs.Empty;
    private LeaderEpochs _storedEpochs = LeaderEpochs.Empty;
    private long _logEnd;
    private long _bytesCut;
    private bool _isEpochFileTrusted = true;
    private bool _isEpochFileWrong;

    internal OpenedLog Load()
    {
        try
        {
            var opened = LoadAll();
            Release(lease => !_segments.Exists(s => s.Lease == lease));
            return opened;
        }
        catch
        {
            Release(_ => true);
            throw;
        }
    }

    private OpenedLog LoadAll()
    {
        _disk.CreateDirectory(_directory);
        _spoiledSwaps = DirectoryMending.Run(_disk, _directory);
        LoadEpochs();
        var bases = ListBases();
        for (var i = 0; i < bases.Count; i++)
        {
            if (!OpenSegment(bases, i))
            {
                break;
            }
        }

        var logStart = Math.Max(request.LogStartOffset, _segments.Count > 0 ? _segments[0].BaseOffset : 0);
        if (_segments.Count == 0 || logStart > _logEnd)
        {
            var fresh = Truncation.StartOver(_disk, _directory, ([.. _segments], _logEnd), logStart, request.NowMs);
            _segments.Clear();
            _segments.Add(fresh);
            _leases.Add(fresh.Lease);
            _logEnd = logStart;
            if (request.Config.Preallocate)
            {
                fresh.Reserve(request.Config.SegmentBytes);
            }
        }

        return Finish(logStart);
    }

    private void Release(Predicate<SegmentLease> isUnused)
    {
        foreach (var lease in _leases)
        {
            if (isUnused(lease))
            {
                lease.Release();
            }
        }
    }

    private OpenedLog Finish(long logStart)
    {
        var segments = _segments.ToArray();
        var firstScanned = segments.FirstOrDefault(_scanned.Contains);
        FaultPoint.Here("recover.before-producers");
        var producers = ProducerReplay.Load(
            _disk, segments, firstScanned?.BaseOffset ?? _logEnd, _logEnd, NoteAborted, _rebuilt.Add);
        Truncation.DeleteSnapshotsAbove(_disk, _directory, _logEnd);
        ProducerReplay.DeleteStaleSnapshots(_disk, _directory, segments);
        var highWatermark = Math.Clamp(request.HighWatermark, logStart, _logEnd);
        var log = new PartitionLog(new LoadedLog
        {
            Disk = _disk,
            DirectoryPath = _directory,
            Partition = request.Partition,
            Config = request.Config,
            Segments = segments,
            Unflushed = [.. segments[..^1].Where(_scanned.Contains)],
            Producers = producers,
            Epochs = MissingEpochs.Fill(_epochs.TruncatedTo(_logEnd).StartingAt(logStart), segments, logStart),
            StoredEpochs = _storedEpochs,
            LogStartOffset = logStart,
            LogEndOffset = _logEnd,
            HighWatermark = highWatermark,
            RecoveryPoint = request.RecoveryPoint > _logEnd ? 0 : request.RecoveryPoint,
            FirstDirtyOffset = Math.Min(request.FirstDirtyOffset, _logEnd),
        });
        var damages = segments.SelectMany(s => s.Damages ?? []).ToList();
        return new OpenedLog(log, new RecoveryReport(_scanned.Count, _bytesCut, damages, _lost)
        {
            SpoiledSwaps = _spoiledSwaps, Rebuilt = _rebuilt,
        });
    }

    private void LoadEpochs()
    {
        var path = Path.Join(_directory, SegmentNames.LeaderEpochs);
        if (!_disk.FileExists(path))
        {
            return;
        }

        try
        {
            _epochs = _storedEpochs = LeaderEpochs.FromBytes(SmallFile.Read(_disk, path), path);
        }
        catch (MalformedException)
        {
            // Batches carry their epochs: all are read.
            _rebuilt.Add(path);
            _isEpochFileWrong = true;
        }
    }

    private List<long> ListBases()
    {
        var bases = new List<long>();
        foreach (var entry in _disk.List(_directory))
        {
            _indexes.Note(entry);
            if (!entry.IsDirectory && SegmentNames.TryParse(entry.Name, SegmentNames.Data, out var offset))
            {
                bases.Add(offset);
            }
        }

        return bases;
    }

    /// <summary>Opens the next segment; false when the log ends in it, though there are more files, which are then deleted.</summary>
    private bool OpenSegment(List<long> bases, int index)
    {
        var baseOffset = bases[index];
        var isLast = index == bases.Count - 1;
        var path = SegmentNames.PathOf(_directory, baseOffset, SegmentNames.Data);
        var data = _disk.Open(path, FileOpen.ReadWrite);
        var lease = new SegmentLease(data);
        _leases.Add(lease);
        var fileBytes = data.Length;
        if (fileBytes > int.MaxValue)
        {
            throw new IOException($"{path} has {fileBytes} bytes, more than a segment can");
        }

        var modifiedMs = _indexes.ModifiedMs(baseOffset);
        var isBelowRecoveryPoint = !isLast && bases[index + 1] <= request.RecoveryPoint;
        if ((request.IsClean || isBelowRecoveryPoint) && !_isEpochFileWrong
            && _indexes.AreWhole(baseOffset, NextBase(bases, index), _rebuilt.Add))
        {
            var trusted = isLast
                ? OpenTail(baseOffset, lease, (int)fileBytes, modifiedMs)
                : OpenSealed((baseOffset, bases[index + 1]), lease, (int)fileBytes, modifiedMs);
            if (trusted is not null)
            {
                _segments.Add(trusted);
                _logEnd = isLast ? _logEnd : bases[index + 1];
                return true;
            }
        }

        if (!request.IsClean && !isBelowRecoveryPoint)
        {
            // From here on every batch is read: what the file says of their epochs may be older than a truncation.
            _epochs = _isEpochFileTrusted ? _epochs.TruncatedTo(baseOffset) : _epochs;
            _isEpochFileTrusted = false;
        }

        return ScanSegment(bases, index, lease, modifiedMs);
    }

    private bool ScanSegment(List<long> bases, int index, SegmentLease lease, long modifiedMs)
    {
        var fileBytes = lease.Data.Length;
        var segment = new Segment(_disk, _directory, bases[index], lease, new SegmentIndexes()) { ModifiedMs = modifiedMs };
        var scan = new SegmentScan(segment, lease.Data, fileBytes, request.Config, NextBase(bases, index));
        var epochs = scan.Run(_epochs, () => HasGoodBatchAfter(bases, index));
        if (segment.Damages?.Where(IsUnflushed).ToArray() is { Length: > 0 } holes)
        {
            return ScanSegment(bases, index, Close(segment, holes, NextBase(bases, index)), modifiedMs);
        }

        _epochs = epochs;
        _segments.Add(segment);
        _scanned.Add(segment);
        _logEnd = scan.NextOffset;
        var isTorn = scan.GoodBytes < fileBytes;
        FaultPoint.Here("recover.before-indexes");
        DeleteIndexes(segment);
        if (!isTorn && !LosesItsEnd(bases, index))
        {
            if (index < bases.Count - 1)
            {
                segment.Seal();
                NoteMissingEnd(bases[index + 1]);
                _logEnd = bases[index + 1];
            }

            return true;
        }

        // The torn tail is what says that the log ends here: it goes after all that lies behind it.
        DeleteBehind(bases, index);
        if (isTorn)
        {
            _bytesCut += fileBytes - scan.GoodBytes;
            FaultPoint.Here("recover.before-cut");
            lease.Data.Truncate(scan.GoodBytes);

            // A log that takes no more records closes without a sync of its data, and is trusted then.
            FaultPoint.Here("recover.before-cut-sync");
            lease.Data.Sync();
        }

        return false;
    }

    private void DeleteBehind(List<long> bases, int index)
    {
        for (var later = bases.Count - 1; later > index; later--)
        {
            FaultPoint.Here("recover.before-delete");
            foreach (var suffix in SegmentNames.SegmentSuffixes)
            {
                _disk.Delete(SegmentNames.PathOf(_directory, bases[later], suffix));
            }
        }

        if (index < bases.Count - 1)
        {
            FaultPoint.Here("recover.before-directory-sync");
            _disk.SyncDirectory(_directory);
        }
    }

    private static long NextBase(List<long> bases, int index) => index < bases.Count - 1 ? bases[index + 1] : long.MaxValue;

    // Bytes above the recovery point were never promised to be there after a power cut. See docs/decisions, holes after a power cut.
    private bool IsUnflushed(LogDamage damage) => ClosesHoles && damage.FirstOffset >= request.RecoveryPoint;

    private bool ClosesHoles => request.ClosesHoles && !request.IsClean;

    /// <summary>Takes holes out of a segment's file; the lease that comes back is for the file as it is then.</summary>
    private SegmentLease Close(Segment segment, LogDamage[] holes, long nextBase)
    {
        _bytesCut += holes.Sum(hole => hole.EndPosition - hole.Position);
        _lost.AddRange(holes.Select(hole => new LostRecords(hole.FirstOffset, Math.Min(hole.NextOffset, nextBase))));
        var lease = new SegmentLease(HoleClosing.Run(_disk, segment, holes));
        _leases.Add(lease);
        return lease;
    }

    // The file ends where the page cache had more: no byte of it is bad, and yet records are gone. A compacted log has gaps by right.
    private void NoteMissingEnd(long nextBase)
    {
        var isNoted = _lost.Count > 0 && _lost[^1].NextOffset == nextBase;
        if (ClosesHoles && !isNoted && nextBase > Math.Max(_logEnd, request.RecoveryPoint)
            && (request.Config.Cleanup & CleanupPolicy.Compact) == 0)
        {
            _lost.Add(new LostRecords(_logEnd, nextBase));
        }
    }

    /// <summary>
    /// True when a power cut took the end of a segment that was not flushed, and all that came behind it: the later files were made, and
    /// nothing of them was written. Going on at their offsets would leave a hole. A compacted log has such holes by right.
    /// </summary>
    private bool LosesItsEnd(List<long> bases, int index) =>
        !request.IsClean && index < bases.Count - 1 && bases[index + 1] > Math.Max(_logEnd, request.RecoveryPoint)
        && (request.Config.Cleanup & CleanupPolicy.Compact) == 0 && !HasGoodBatchAfter(bases, index);

    /// <summary>True when a later data file begins with a good batch: then bad bytes before it are rot, not the end of the log.</summary>
    private bool HasGoodBatchAfter(List<long> bases, int index)
    {
        for (var later = index + 1; later < bases.Count; later++)
        {
            using var data = _disk.Open(SegmentNames.PathOf(_directory, bases[later], SegmentNames.Data), FileOpen.Read);
            var probe = new Segment(_disk, _directory, bases[later], new SegmentLease(data), new SegmentIndexes());
            if (data.Length > 0 && new SegmentScan(probe, data, data.Length, request.Config, long.MaxValue).TryReadBatch(0, out _))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A sealed segment that need not be scanned, as far as its two ends tell; null when it has to be.</summary>
    private Segment? OpenSealed((long Base, long NextBase) range, SegmentLease lease, int fileBytes, long modifiedMs)
    {
        var segment = new Segment(_disk, _directory, range.Base, lease, fileBytes, _indexes.HasTransactions(range.Base))
        {
            ModifiedMs = modifiedMs,
        };
        return SealedSegment.Fits(segment, range.NextBase, request.Config) ? segment : null;
    }

    /// <summary>
    /// Opens the last segment of a clean log: its indexes from disk, the batches behind the last entry from their headers. Null when they
    /// do not fit each other, for then the segment has to be scanned.
    /// </summary>
    private Segment? OpenTail(long baseOffset, SegmentLease lease, int fileBytes, long modifiedMs)
    {
        var offsets = OffsetIndex.FromBytes(SmallFile.Read(_disk, SegmentNames.PathOf(_directory, baseOffset, SegmentNames.OffsetIndex)));
        var times = TimeIndex.FromBytes(SmallFile.Read(_disk, SegmentNames.PathOf(_directory, baseOffset, SegmentNames.TimeIndex)));
        if (offsets is null || times is null || offsets.Last().Position >= Math.Max(1, fileBytes))
        {
            return null;
        }

        var (lastRelative, lastPosition) = offsets.Last();
        var indexes = new SegmentIndexes
        {
            Offsets = offsets,
            Times = times,
            Transactions = null,
            SizeBytes = lastPosition,
            MaxTimestampMs = times.Last().TimestampMs,
            OffsetOfMaxTimestamp = baseOffset + times.Last().RelativeOffset,
        };
        var segment = new Segment(_disk, _directory, baseOffset, lease, indexes) { ModifiedMs = modifiedMs };
        Span<byte> buffer = stackalloc byte[4096];
        var scan = new BatchScan(lease.Data, lastPosition, fileBytes, buffer);
        _logEnd = baseOffset;
        while (scan.MoveNext(out var frame))
        {
            var isIndexed = offsets.Count > 0 && scan.Position == lastPosition;
            if (frame.BaseOffset < _logEnd || (isIndexed && frame.LastOffset != baseOffset + lastRelative))
            {
                return null;
            }

            segment.Append(frame.LastOffset, frame.MaxTimestamp, (int)frame.SizeBytes, request.Config.IndexIntervalBytes);
            _logEnd = frame.LastOffset + 1;
        }

        if (scan.IsBroken)
        {
            return null;
        }

        if (segment.LoadTransactions().Entries is [.., var last] && last.LastOffset >= _logEnd)
        {
            return null;
        }

        segment.LoadFirstTimestamp();
        DeleteIndexes(segment);
        return segment;
    }

    /// <summary>
    /// Indexes live in memory while a segment may still grow. Its old files would be taken for whole after a crash behind the next roll,
    /// when the data is already below the recovery point.
    /// </summary>
    private void DeleteIndexes(Segment segment)
    {
        foreach (var suffix in SegmentNames.SegmentSuffixes[1..])
        {
            _disk.Delete(segment.PathOf(suffix));
        }
    }

    private void NoteAborted(Segment segment, AbortedTransaction aborted)
    {
        if (_scanned.Contains(segment))
        {
            segment.AddAborted(aborted);
        }
    }
}
