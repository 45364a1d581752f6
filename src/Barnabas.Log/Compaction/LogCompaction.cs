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
    /// Begins a cleaning; null when segments of the plan have left the log since it was made, or are not flushed yet (what is written for
    /// them later would take the place of the new segment's files), or the log is broken. It runs on a background thread; each group that
    /// it makes goes to <see cref="Exchange"/>, and its end to <see cref="Complete"/>.
    /// </summary>
    public CompactionJob? Begin(CompactionPlan plan, CompactionOrder order)
    {
        var sources = plan.View.Segments.AsSpan(0, plan.View.SegmentIndexOf(plan.FirstUncleanableOffset));
        if (_log.IsBroken || _writer.IndexOf(sources) < 0 || _backlog.HasAny(sources))
        {
            return null;
        }

        foreach (var segment in sources)
        {
            segment.Lease.Retain();
        }

        return new CompactionJob(new CompactionInput
        {
            Disk = _disk, Plan = plan, Order = order, Producers = new LiveProducers(_log.Producers), Generation = _truncations,
        });
    }

    /// <summary>
    /// Shows the group that the last step has cleaned in the place of its segments; null, and nothing changed, when one of them has gone,
    /// or the log is broken. The job that comes back renames the files, in the order of the log's other jobs; then the cleaning goes on.
    /// </summary>
    public SwapJob? Exchange(CompactionJob job)
    {
        var group = job.Cleaned!;
        if (_log.IsBroken || _writer.IndexOf(group.Old) < 0)
        {
            return null;
        }

        _writer.Exchange(group.Old, group.New);
        job.Take();
        _log.Show();
        return _swap = new SwapJob(_disk, group);
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
