using Barnabas.Base;

namespace Barnabas.Cluster.Machines;

/// <summary>What became of an append. Owned by the caller.</summary>
/// <param name="Error">None when the records are in the journal, at <paramref name="LastOffset"/> and before.</param>
/// <param name="LastOffset">Offset of the last record; -1 with an error.</param>
/// <param name="IsTorn">
/// With an error: part of the records may be in the journal all the same, so that the machine's state is no longer what replaying the
/// journal gives. False when nothing was changed.
/// </param>
public readonly record struct JournalAppend(ErrorCode Error, long LastOffset, bool IsTorn = false);

/// <summary>
/// Where a machine's records go: the Raft log of the metadata, or the replica of a coordinator's partition. Owned by the loop of its
/// machine. The journal tells its <see cref="MachineHost{TMachine,TRecord}"/> when the high watermark moves and when leadership is lost.
/// </summary>
public interface IJournal<TRecord>
{
    /// <summary>The offset that the next record gets.</summary>
    long EndOffset { get; }

    /// <summary>Everything below is committed. Grows, and never passes <see cref="EndOffset"/>.</summary>
    long HighWatermark { get; }

    /// <summary>
    /// Appends the records as one atomic batch with dense offsets from <see cref="EndOffset"/>. Never waits for a disk or another node, and
    /// never calls back into the host; an outcome that is not None changed nothing unless it says so.
    /// </summary>
    JournalAppend Append(ReadOnlySpan<TRecord> records, long nowMs);
}
