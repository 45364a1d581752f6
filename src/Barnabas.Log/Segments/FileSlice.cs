using Barnabas.Base;
using Barnabas.Base.Seams;

namespace Barnabas.Log.Segments;

/// <summary>
/// The open data file of a segment and the count of who needs it: one for the log, one for each slice on its way to a socket. The last
/// <see cref="Release"/> closes it, so a deleted segment lives until it is sent. Safe from any thread.
/// </summary>
public sealed class SegmentLease(IDiskFile data) : IFileLease
{
    private int _references = 1;

    /// <summary>The open file; only while a reference is held.</summary>
    public IDiskFile Data => data;

    /// <summary>One more place needs the file; false when it is closed already.</summary>
    public bool TryRetain()
    {
        var seen = Volatile.Read(ref _references);
        while (seen > 0)
        {
            var before = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (before == seen)
            {
                return true;
            }

            seen = before;
        }

        return false;
    }

    /// <summary>One more place needs the file; only for one that holds a reference already.</summary>
    public void Retain() => Check.That(TryRetain());

    /// <summary>One place fewer needs the file; the last closes it.</summary>
    public void Release()
    {
        var references = Interlocked.Decrement(ref _references);
        Check.That(references >= 0);
        if (references == 0)
        {
            data.Dispose();
        }
    }
}

/// <summary>
/// Bytes of a segment to send. Whoever got it from <see cref="LogView.Slice"/> holds one reference and releases it when the bytes are sent.
/// </summary>
public readonly struct FileSlice(SegmentLease lease, int position, int length)
{
    /// <summary>True for a slice of no bytes, which holds no reference.</summary>
    public bool IsEmpty => length == 0;

    /// <summary>The open file; not for an empty slice.</summary>
    public IDiskFile Data => lease.Data;

    /// <summary>Keeps the file open; not for an empty slice.</summary>
    public SegmentLease Lease => lease;

    /// <summary>First byte in the file.</summary>
    public int Position => position;

    /// <summary>Bytes.</summary>
    public int Length => length;

    /// <summary>One more holder; only by one who holds a reference already.</summary>
    public void Retain()
    {
        if (length > 0)
        {
            lease.Retain();
        }
    }

    /// <summary>One holder fewer; the last closes the file of a deleted segment.</summary>
    public void Release()
    {
        if (length > 0)
        {
            lease.Release();
        }
    }
}
