using Barnabas.Base.Seams;
using Barnabas.Log.Flushing;
using Barnabas.Log.Producers;
using Barnabas.Log.Segments;

namespace Barnabas.Log.Compaction;

/// <summary>What a log knows of its own compaction. The log's owner alone uses it.</summary>
internal sealed class LogCompaction(IDisk disk, SegmentWriter writer, FlushBacklog backlog, long firstDirtyOffset)
{
    private SwapJob? _swap;
    private int _truncations;

    /// <summary>No key appears twice below it; -1 when nobody knows.</summary>
    internal long FirstDirtyOffset { get; private set; } = firstDirtyOffset;

    /// <summary>Begins a cleaning; null when segments of the plan have left the log since it was made.</summary>
    internal CompactionJob? Begin(CompactionPlan plan, CompactionOrder order, ProducerStates producers)
    {
        var sources = plan.View.Segments.AsSpan(0, plan.View.SegmentIndexOf(plan.FirstUncleanableOffset));
        if (writer.IndexOf(sources) < 0)
        {
            return null;
        }

        foreach (var segment in sources)
        {
            segment.Lease.Retain();
        }

        return new CompactionJob(new CompactionInput
        {
            Disk = disk, Plan = plan, Order = order, Producers = new LiveProducers(producers), Generation = _truncations,
        });
    }

    /// <summary>
    /// Puts a cleaned group in the place of its segments; null, and nothing changed, when one of them has gone. What is still to be flushed
    /// of them goes first, by <paramref name="beginFlush"/>: it is written under the names that are about to be the new segment's.
    /// </summary>
    internal SwapJob? Exchange(CompactionJob job, Func<FlushJob> beginFlush)
    {
        var group = job.Cleaned!;
        if (writer.IndexOf(group.Old) < 0)
        {
            return null;
        }

        var before = backlog.HasAny(group.Old) ? beginFlush() : null;
        writer.Exchange(group.Old, group.New);
        job.Take();
        return _swap = new SwapJob(disk, group, before);
    }

    /// <summary>A cleaning has come to its end: moves the first dirty offset, unless the log was truncated meanwhile.</summary>
    internal void Complete(CompactionJob job)
    {
        if (job.Generation == _truncations)
        {
            FirstDirtyOffset = job.EndOffset;
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
