using Barnabas.Base;

namespace Barnabas.Cluster.Machines;

/// <summary>Where a host is in its life.</summary>
public enum MachineState
{
    /// <summary>Not the leader: every operation is refused.</summary>
    Unloaded,

    /// <summary>The journal is being replayed.</summary>
    Loading,

    /// <summary>Deciding.</summary>
    Active,
}

/// <summary>What a host answers when it cannot decide, and how much may wait.</summary>
/// <param name="Unloaded">To operations on a machine that is not here.</param>
/// <param name="Loading">To operations that come before the journal is replayed.</param>
/// <param name="Overloaded">To operations that come while <paramref name="ParkedMax"/> replies wait.</param>
/// <param name="ParkedMax">Replies that may wait for the high watermark.</param>
public sealed record MachineRefusals(ErrorCode Unloaded, ErrorCode Loading, ErrorCode Overloaded, int ParkedMax = 10_000);

/// <summary>
/// Runs one machine over its journal: decide, append, replay, park the reply until the high watermark passes. Owned by one loop, which
/// alone may call it. There is no rollback: a machine that loses leadership or whose journal tore is dropped and loaded again.
/// </summary>
public sealed class MachineHost<TMachine, TRecord>
    where TMachine : class, IMachine<TRecord>
{
    private readonly ParkedQueue<TMachine, TRecord> _parked = new();
    private readonly Decision<TRecord> _decision = new();
    private readonly IJournal<TRecord> _journal;
    private readonly MachineRefusals _refusals;
    private bool _deciding;

    /// <summary>A host whose machine is not loaded.</summary>
    public MachineHost(TMachine machine, IJournal<TRecord> journal, MachineRefusals refusals)
    {
        Machine = machine;
        _journal = journal;
        _refusals = refusals;
    }

    /// <summary>The machine; only the host's loop may look at it.</summary>
    public TMachine Machine { get; }

    public MachineState State { get; private set; }

    /// <summary>Replies that wait for the high watermark.</summary>
    public int ParkedCount => _parked.Count;

    /// <summary>The offset after the last record replayed.</summary>
    public long ReplayedOffset { get; private set; }

    /// <summary>
    /// Called after an append that left part of its records behind: the machine has been unloaded, and whoever owns the host loads it again
    /// from the journal. Set once, before the first operation.
    /// </summary>
    public Action? Torn { get; set; }

    /// <summary>Decides an operation and appends, replays and parks what it decided; or refuses it at once.</summary>
    public void Submit(Operation<TMachine, TRecord> operation, long nowMs)
    {
        // Decisions follow one another: an operation that is submitted from inside another's decision would see half of it.
        Check.That(!_deciding);
        if (Refusal(operation) is var refusal and not ErrorCode.None)
        {
            operation.Finish(refusal);
            return;
        }

        _deciding = true;
        _decision.Begin(_journal.EndOffset);
        operation.Decide(Machine, _decision, nowMs);
        var appended = Carry(operation, nowMs);
        _decision.End();
        _deciding = false;
        if (appended.Error != ErrorCode.None)
        {
            Refuse(operation, appended);
        }

        Release();
    }

    /// <summary>
    /// Replays a record that somebody else put at the end of the journal: a transaction was ended there. While loading, the load comes
    /// to it.
    /// </summary>
    public void Follow(in TRecord record, long offset)
    {
        Check.That(!_deciding);
        if (State == MachineState.Active)
        {
            Machine.Replay(record, offset);
            ReplayedOffset = offset + 1;
        }
    }

    /// <summary>The journal's high watermark moved: replies that waited for it go out.</summary>
    public void Release()
    {
        while (_parked.TakeBelow(_journal.HighWatermark) is { } operation)
        {
            operation.Finish(ErrorCode.None);
        }
    }

    /// <summary>Leadership won, or the journal tore: forgets all and takes records by <see cref="Load"/>.</summary>
    public void BeginLoad(long startOffset)
    {
        Check.That(State == MachineState.Unloaded);
        Machine.Reset();
        ReplayedOffset = startOffset;
        State = MachineState.Loading;
    }

    /// <summary>Replays one record of the journal while loading; offsets may have gaps, where a log was compacted.</summary>
    public void Load(in TRecord record, long offset)
    {
        Check.That(State == MachineState.Loading && offset >= ReplayedOffset);
        Machine.Replay(record, offset);
        ReplayedOffset = offset + 1;
    }

    /// <summary>
    /// Replays one record of a snapshot of everything below <paramref name="endOffset"/>, before the first <see cref="Load"/>.
    /// </summary>
    public void LoadSnapshot(in TRecord record, long endOffset)
    {
        Check.That(State == MachineState.Loading && (ReplayedOffset == 0 || ReplayedOffset == endOffset));
        Machine.Replay(record, endOffset - 1);
        ReplayedOffset = endOffset;
    }

    /// <summary>All up to the journal's end is replayed: operations are decided from here on.</summary>
    public void EndLoad(long nowMs)
    {
        Check.That(State == MachineState.Loading && ReplayedOffset <= _journal.EndOffset);
        ReplayedOffset = _journal.EndOffset;
        State = MachineState.Active;
        Machine.Loaded(nowMs);
    }

    /// <summary>
    /// Leadership lost, or shutting down: everything that waits is answered with the error. Nothing if it is unloaded already.
    /// </summary>
    public void Unload(ErrorCode error)
    {
        if (State == MachineState.Unloaded)
        {
            return;
        }

        State = MachineState.Unloaded;
        Machine.Unloaded(error);
        while (_parked.TakeBelow(long.MaxValue) is { } operation)
        {
            operation.Finish(error);
        }
    }

    private ErrorCode Refusal(Operation<TMachine, TRecord> operation) => State switch
    {
        MachineState.Unloaded => _refusals.Unloaded,
        MachineState.Loading => _refusals.Loading,
        _ => _parked.Count >= _refusals.ParkedMax && !operation.IsInternal ? _refusals.Overloaded : ErrorCode.None,
    };

    private JournalAppend Carry(Operation<TMachine, TRecord> operation, long nowMs)
    {
        if (_decision.Count == 0)
        {
            Park(operation, _decision.SeenOffset);
            return default;
        }

        var appended = _journal.Append(_decision.Records, nowMs);
        if (appended.Error != ErrorCode.None)
        {
            return appended;
        }

        Check.That(appended.LastOffset == _decision.NextOffset + _decision.Count - 1);
        var offset = _decision.NextOffset;
        foreach (ref readonly var record in _decision.Records)
        {
            Machine.Replay(record, offset++);
        }

        ReplayedOffset = offset;
        Park(operation, appended.LastOffset);
        return appended;
    }

    private void Park(Operation<TMachine, TRecord> operation, long offset)
    {
        if (!_decision.IsDeferred && !operation.IsFinished)
        {
            _parked.Add(operation, offset);
        }
    }

    private void Refuse(Operation<TMachine, TRecord> operation, JournalAppend appended)
    {
        operation.Finish(appended.Error);
        if (appended.IsTorn)
        {
            Unload(appended.Error);
            Torn?.Invoke();
        }
    }
}
