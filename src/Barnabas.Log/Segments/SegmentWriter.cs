using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Log.Flushing;
using Barnabas.Log.Indexes;
using Barnabas.Log.Producers;

namespace Barnabas.Log.Segments;

/// <summary>
/// The segments of a log and what is staged for them: decides when to roll, writes a turn's batches with one call, keeps the indexes. The
/// log's owner alone uses it.
/// </summary>
internal sealed class SegmentWriter
{
    private readonly IDisk _disk;
    private readonly string _directory;
    private readonly FlushBacklog _backlog;
    private readonly StagedBatches _staged = new();
    private RollPlan _roll;
    private long _nowMs;
    private bool _isClosed;

    internal SegmentWriter(IDisk disk, string directory, Segment[] segments, FlushBacklog backlog)
    {
        _disk = disk;
        _directory = directory;
        _backlog = backlog;
        Segments = segments;
        _roll = RollPlan.Of(Active);
    }

    /// <summary>Segments in order, the active one last. Never changed in place: views hold the array.</summary>
    internal Segment[] Segments { get; private set; }

    internal Segment Active => Segments[^1];

    internal bool HasStaged => _staged.Count > 0;

    /// <summary>
    /// Takes note of a batch to write. <paramref name="producers"/> are as they were before it, for the snapshot of a roll.
    /// </summary>
    internal void Stage(BytePiece bytes, in StagedOffsets offsets, LogConfig config, ProducerStates producers, long nowMs)
    {
        var rolls = _roll.MustRoll(config, bytes.Length, offsets.Last, offsets.MaxTimestampMs, nowMs)
            || (_roll.BaseOffset == Active.BaseOffset && Active.AreIndexesFull(config.IndexBytesMax, _staged.Count + 2));
        if (rolls)
        {
            _staged.RollSnapshots.Enqueue(ProducerSnapshot.ToBytes(producers));
            _roll = new RollPlan(offsets.Base, nowMs, _directory);
        }

        _nowMs = nowMs;
        _staged.Add(bytes, offsets, rolls);
        _roll.Add(bytes.Length, offsets.MaxTimestampMs);
    }

    /// <summary>A staged marker ended a transaction by aborting it.</summary>
    internal void StageAborted(in AbortedTransaction aborted) => _staged.Aborted.Add(aborted);

    /// <summary>Writes what is staged; returns its bytes. After an <see cref="IOException"/> nothing of it counts.</summary>
    internal int WriteStaged(LogConfig config)
    {
        var bytes = 0;
        try
        {
            for (var from = 0; from < _staged.Count;)
            {
                var end = _staged.EndOfGroup(from);
                bytes += WriteGroup(from, end, config);
                from = end;
            }

            return bytes;
        }
        finally
        {
            _staged.Clear();
        }
    }

    /// <summary>Seals the active segment and begins a new one. Nothing may be staged.</summary>
    internal void Roll(long baseOffset, ProducerStates producers, LogConfig config, long nowMs)
    {
        Check.That(!HasStaged);
        _nowMs = nowMs;
        RollTo(baseOffset, ProducerSnapshot.ToBytes(producers), config);
        _roll = RollPlan.Of(Active);
    }

    /// <summary>Takes the oldest segments out.</summary>
    internal Segment[] RemoveFirst(int count)
    {
        var removed = Segments[..count];
        Segments = Segments[count..];
        _backlog.Remove(removed);
        return removed;
    }

    /// <summary>Where a run of sealed segments lies, or -1 when it is not there any more. An empty run is nowhere.</summary>
    internal int IndexOf(ReadOnlySpan<Segment> run)
    {
        var at = run.IsEmpty ? -1 : Array.IndexOf(Segments, run[0]);
        return at >= 0 && at + run.Length < Segments.Length && Segments.AsSpan(at, run.Length).SequenceEqual(run) ? at : -1;
    }

    /// <summary>Puts one segment in the place of a run that is there. The old ones are the caller's to release.</summary>
    internal void Exchange(Segment[] old, Segment replacement)
    {
        var at = IndexOf(old);
        Segments = [.. Segments[..at], replacement, .. Segments[(at + old.Length)..]];
    }

    /// <summary>Goes on with other segments, after a truncation, and lets go of the files that are not among them.</summary>
    internal void Replace(Segment[] segments)
    {
        Check.That(!HasStaged);
        foreach (var gone in Segments)
        {
            if (!Array.Exists(segments, s => s.Lease == gone.Lease))
            {
                gone.Lease.Release();
            }
        }

        Segments = segments;
        _roll = RollPlan.Of(Active);
    }

    /// <summary>Lets go of all files. A second time is nothing.</summary>
    internal void Close()
    {
        foreach (var segment in _isClosed ? [] : Segments)
        {
            segment.Lease.Release();
        }

        _isClosed = true;
    }

    private int WriteGroup(int from, int end, LogConfig config)
    {
        var bytes = 0;
        if (_staged.Batches[from].RollsBefore)
        {
            RollTo(_staged.Batches[from].Offsets.Base, _staged.RollSnapshots.Dequeue(), config);
        }

        var active = Active;
        active.Data.Write(_staged.Pieces(from, end), active.SizeBytes);
        foreach (var batch in _staged.Batches[from..end])
        {
            active.Append(batch.Offsets.Last, batch.Offsets.MaxTimestampMs, batch.SizeBytes, config.IndexIntervalBytes);
            bytes += batch.SizeBytes;
        }

        foreach (var aborted in _staged.Aborted)
        {
            if (aborted.LastOffset >= active.BaseOffset && aborted.LastOffset <= _staged.Batches[end - 1].Offsets.Last)
            {
                active.AddAborted(aborted);
            }
        }

        return bytes;
    }

    private void RollTo(long baseOffset, byte[] producerSnapshot, LogConfig config)
    {
        // The new one first: where there is no room for it, the active one stays what it is.
        FaultPoint.Here("roll.before-create");
        var next = Truncation.CreateSegment(_disk, _directory, baseOffset, _nowMs);
        if (config.Preallocate)
        {
            Reserve(next, config.SegmentBytes);
        }

        FaultPoint.Here("roll.created");
        var before = Active;
        before.Seal();
        _backlog.AddSealed(before);
        _backlog.AddSnapshot(baseOffset, producerSnapshot);
        _backlog.OnDirectory();
        Segments = [.. Segments, next];
    }

    // A file that is not the log's would be taken for a segment by the next start.
    private void Reserve(Segment next, int bytes)
    {
        try
        {
            next.Reserve(bytes);
        }
        catch (DiskFullException)
        {
            next.Lease.Release();
            _disk.Delete(next.PathOf(SegmentNames.Data));
            throw;
        }
    }
}
