using Barnabas.Base;
using Barnabas.Log;
using Barnabas.Log.Copying;
using Barnabas.Log.Directories;

namespace Barnabas.Cluster.Partitions.Moves;

/// <summary>How far a move is.</summary>
internal enum MoveStage
{
    /// <summary>The copy grows after the log.</summary>
    Copying,

    /// <summary>The copy is near the log's end, and the controller is being told where the replica will be.</summary>
    Assigning,

    /// <summary>The replica is being taken out of service for the last piece.</summary>
    Freezing,

    /// <summary>Over, one way or another.</summary>
    Ended,
}

/// <summary>
/// One replica on its way to another directory of this broker. Owned by the loop of <see cref="ReplicaMoves"/>; any thread may read the
/// copy's view and cancel.
/// </summary>
/// <param name="source">The replica as it is.</param>
/// <param name="from">Where it lies.</param>
/// <param name="to">Where it goes.</param>
public sealed class ReplicaMove(Replica source, ReplicaDirectory from, ReplicaDirectory to)
{
    private LogCopy? _copy;
    private int _cancelled;

    public Replica Source => source;

    public ReplicaDirectory From => from;

    public ReplicaDirectory To => to;

    /// <summary>The copy as it is; null before it is made. Any thread.</summary>
    public LogView? View => Volatile.Read(ref _copy)?.View;

    /// <summary>True when nobody wants the move any more. Any thread.</summary>
    public bool IsCancelled => Volatile.Read(ref _cancelled) != 0;

    /// <summary>True once the replica is out of service for the end of the move.</summary>
    public bool HasFrozen { get; internal set; }

    /// <summary>True once the controller may have been told of the new directory.</summary>
    public bool HasAssigned { get; internal set; }

    /// <summary>What another run of the program left of the copy; null for a move that begins.</summary>
    internal PartitionDirectory? Leftover { get; init; }

    /// <summary>
    /// Where the log was clean up to when its copying began: what is cleaned later may not be clean in the copy. -1 when nobody knows.
    /// </summary>
    internal long FirstDirtyOffset { get; set; } = -1;

    internal MoveStage Stage { get; set; }

    /// <summary>Told once what became of it.</summary>
    internal Action<MoveResult>? Ended { get; set; }

    internal LogCopy? Copy
    {
        get => _copy;
        set => Volatile.Write(ref _copy, value);
    }

    /// <summary>Gives the move up; the copy goes. Any thread.</summary>
    public void Cancel() => Volatile.Write(ref _cancelled, 1);
}

/// <summary>What became of a move.</summary>
/// <param name="Log">The log in its new directory; null when the replica stays where it was.</param>
/// <param name="Leftover">A directory to be removed in the background; null for none.</param>
/// <param name="IsStopped">True when the broker stops: the copy is left for the next start.</param>
public readonly record struct MoveResult(PartitionLog? Log, string? Leftover, bool IsStopped = false)
{
    internal static MoveResult Stopped => new(null, null, IsStopped: true);
}
