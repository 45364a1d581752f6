using Barnabas.Log.Indexes;
using Barnabas.Log.Segments;

namespace Barnabas.Log.Compaction;

/// <summary>
/// Puts neighbouring segments together that will fit in one, by the sizes that they have now. Made and used by one cleaning, which owns it.
/// </summary>
internal ref struct SegmentGroups(LogView view, int count, LogConfig config)
{
    private int _next, _counted;
    private long _bytes, _indexBytes, _timeIndexBytes;

    /// <summary>Groups the first segments of a view, in order, each of at least one segment.</summary>
    internal static Queue<Segment[]> Make(LogView view, int count, LogConfig config)
    {
        var groups = new Queue<Segment[]>();
        var maker = new SegmentGroups(view, count, config);
        while (maker._next < count)
        {
            groups.Enqueue(maker.MakeOne());
        }

        return groups;
    }

    private Segment[] MakeOne()
    {
        var first = _counted = _next;
        _bytes = view.Segments[_next++].SizeBytes;
        _indexBytes = _timeIndexBytes = 0;
        while (_next < count && Fits(first))
        {
            _bytes += view.Segments[_next++].SizeBytes;
        }

        return view.Segments[first.._next];
    }

    private bool Fits(int first)
    {
        var segment = view.Segments[_next];
        var isInRange = segment.SizeBytes == 0 || view.NextOffsetOf(_next) - 1 - view.Segments[first].BaseOffset <= int.MaxValue;
        if (!isInRange || _bytes + segment.SizeBytes > config.SegmentBytes)
        {
            return false;
        }

        // Only now: counting entries may read an index file, and most segments are too large to share one.
        for (; _counted <= _next; _counted++)
        {
            _indexBytes += view.Segments[_counted].Offsets.Count * (long)OffsetIndex.EntryBytes;
            _timeIndexBytes += view.Segments[_counted].Times.Count * (long)TimeIndex.EntryBytes;
        }

        return _indexBytes <= config.IndexBytesMax && _timeIndexBytes <= config.IndexBytesMax;
    }
}
