using Barnabas.Base;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// Appends of one partition that wait for an offset to pass theirs (the high watermark, or what is on the disk), in order of their offsets.
/// Owned by the partition's shard.
/// </summary>
internal sealed class AckQueue
{
    private PartitionAppend? _first;
    private PartitionAppend? _last;

    public bool IsEmpty => _first is null;

    public void Add(PartitionAppend part)
    {
        // A duplicate answers with old offsets, so that it may wait for less than the one before it: order is not strict, and Release looks
        // at all that may be done.
        part.NextInQueue = null;
        if (_last is null)
        {
            _first = part;
        }
        else
        {
            _last.NextInQueue = part;
        }

        _last = part;
    }

    /// <summary>Ends the waits for what lies below an offset, with an outcome.</summary>
    public void Release(long endOffset, ErrorCode outcome)
    {
        while (_first is { } part && part.LastOffset < endOffset)
        {
            RemoveFirst(part);
            part.Error = outcome;
            part.Task!.Acknowledge();
        }
    }

    /// <summary>Ends every wait with an error: the partition has moved, failed or gone.</summary>
    public void Fail(ErrorCode error)
    {
        while (_first is { } part)
        {
            RemoveFirst(part);
            part.Error = error;
            part.Task!.Acknowledge();
        }
    }

    /// <summary>Takes one out; false if it is not here.</summary>
    public bool Remove(PartitionAppend wanted)
    {
        PartitionAppend? before = null;
        for (var part = _first; part is not null; before = part, part = part.NextInQueue)
        {
            if (!ReferenceEquals(part, wanted))
            {
                continue;
            }

            if (before is null)
            {
                RemoveFirst(part);
                return true;
            }

            before.NextInQueue = part.NextInQueue;
            if (ReferenceEquals(_last, part))
            {
                _last = before;
            }

            part.NextInQueue = null;
            return true;
        }

        return false;
    }

    private void RemoveFirst(PartitionAppend part)
    {
        _first = part.NextInQueue;
        if (_first is null)
        {
            _last = null;
        }

        part.NextInQueue = null;
    }
}
