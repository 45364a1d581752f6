using Barnabas.Base;
using Barnabas.Log;
using Barnabas.Log.Indexes;
using Barnabas.Log.Segments;

namespace Barnabas.Broker.Handlers.Fetching;

/// <summary>What one partition of a fetch got.</summary>
internal struct FetchRead
{
    /// <summary>The outcome.</summary>
    public ErrorCode Error;

    /// <summary>The view that was read; null when the partition is not here.</summary>
    public LogView? View;

    /// <summary>The records; the read holds a reference until they are given to the reply.</summary>
    public FileSlice Records;

    /// <summary>The records where they had to be read from the disk, in the place of <see cref="Records"/>; held like those.</summary>
    public AsideBytes? Aside;

    /// <summary>Where the records were found, by which the aborted transactions beside them are.</summary>
    public LogSlice Found;

    /// <summary>The transactions that a client that reads committed has to skip; null where it is told of none, or not yet.</summary>
    public IReadOnlyList<AbortedTransaction>? Aborted;

    /// <summary>Where the client's log parts from this one; -1 for nowhere.</summary>
    public int DivergingEpoch;

    public long DivergingEndOffset;

    /// <summary>Bytes of records that were given to the reply.</summary>
    public int Length;

    /// <summary>True when the answer names the partition.</summary>
    public bool IsTold;

    /// <summary>Bytes of records that are held.</summary>
    public readonly int RecordBytes => Aside?.Length ?? Records.Length;

    /// <summary>Lets go of what is held.</summary>
    public void Release()
    {
        Records.Release();
        Records = default;
        Aside?.Release();
        Aside = null;
    }
}
