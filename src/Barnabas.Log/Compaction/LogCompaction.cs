using Barnabas.Base.Seams;
using Barnabas.Log.Flushing;
using Barnabas.Log.Recovery;
using Barnabas.Log.Segments;

namespace Barnabas.Log.Compaction;

/// <summary>The compaction of one log. Owned by the log's owner, which alone calls it.</summary>
public sealed class LogCompaction
{
    private readonly PartitionLog _log;
    private readonly SegmentWriter _writer;
    private readonly FlushBacklog _backlog;
    private readonly IDisk _disk;
    private SwapJob? _swap;
    private int _truncations;

    internal LogCompaction(PartitionLog log, SegmentWriter writer, FlushBacklog backlog, LoadedLog loaded)
    {
        _log = log;
        _writer = writer;
        _backlog = backlog;
        _disk = loaded.Disk;
        FirstDirtyOffset = loaded.FirstDirtyOffset;
    }

    /// <summary>No key appears twice below it; -1 when nobody knows.</summary>
    internal long FirstDirtyOffset { get; private set; }

    /// <summary>
    /// Begins a cleaning of what of the plan is flushed (what is written later for the rest would take the place of the new segment's
    /// files); null when that is nothing, or segments of the plan have left the log since it was made, or the log is broken. It runs on a
    /// background thread; each group that it makes goes to <see cref="Exchange"/>, and its end to <see cref="Complete"/>.
    /// </summary>
    public CompactionJob? Begin(CompactionPlan plan, CompactionOrder order)
    {
        var sources = plan.View.Segments.AsSpan(0, plan.View.SegmentIndexOf(plan.FirstUncleanableOffset));
        if (_log.IsBroken || _writer.IndexOf(sources) < 0)
        {
            return null;
        }

        sources = sources[.._backlog.CountBefore(sources)];
        if (plan.Of(sources.Length) is not { } flushed)
        {
            return null;
        }

        foreach (var segment in sources)
        {
            segment.Lease.Retain();
        }

        return new CompactionJob(new CompactionInput
        {
            Disk = _disk, Plan = flushed, Order = order, Producers = new LiveProducers(_log.Producers), Generation = _truncations,
        });
    }

    /// <summary>
    /// Shows the group that the last step has cleaned in the place of its segments; null, and nothing changed, when one of them has gone,
    /// or the log was truncated or is broken. The job that comes back renames the files, in the order of the log's other jobs; then the
    /// cleaning goes on.
    /// </summary>
    public SwapJob? Exchange(CompactionJob job)
    {
        var group = job.Cleaned!;
        if (_log.IsBroken || _writer.IndexOf(group.Old) < 0 || job.Generation != _truncations)
        {
            return null;
        }

        _swap = new SwapJob(_disk, group, UnsyncedMarkers(job));
        _writer.Exchange(group.Old, group.New);
        job.Take();
        _log.Show();
        return _swap;
    }

    /// <summary>
    /// Where the markers lie that the cleaning went by and that a power cut could still take: with one of them a transaction would be open
    /// again, and its records would have taken the place of older ones for nothing. What is cleaned itself was flushed before.
    /// </summary>
    private Segment[] UnsyncedMarkers(CompactionJob job)
    {
        var from = Math.Max(job.FirstUncleanableOffset, _log.RecoveryPoint);
        var segments = _writer.Segments;
        return job.MarkersEnd <= from
            ? []
            : [.. segments.Where((s, i) => s.BaseOffset < job.MarkersEnd && (s == segments[^1] || segments[i + 1].BaseOffset > from))];
    }

    /// <summary>The cleaning has come to its end: the next begins where it stopped, unless the log was truncated meanwhile.</summary>
    public void Complete(CompactionJob job)
    {
        if (!_log.IsBroken && job.Generation == _truncations)
        {
            FirstDirtyOffset = job.EndOffset;
            _log.Show();
        }
    }

    /// <summary>Before files are changed by their names: see <see cref="SwapJob.Settle"/>. Blocks.</summary>
    internal void Settle() => _swap?.Settle();

    internal void TruncatedTo(long logEnd)
    {
        _truncations++;
        FirstDirtyOffset = Math.Min(FirstDirtyOffset, logEnd);
    }
}
