using Barnabas.Base;

namespace Barnabas.Cluster.Machines;

/// <summary>
/// Replicated state as a function of its records. Owned by the loop of its <see cref="MachineHost{TMachine,TRecord}"/>. State that has to
/// survive changes in <see cref="Replay"/> only; what an <see cref="Operation{TMachine,TRecord}"/> decides is a list of records and a
/// reply. A machine may also keep soft state (session deadlines, waiting members), which is built anew after every load.
/// </summary>
/// <typeparam name="TRecord">A record before it is encoded; the journal encodes it.</typeparam>
public interface IMachine<TRecord>
{
    /// <summary>
    /// Applies one record, in offset order: while loading and right after an append, committed or not. The only place where replicated
    /// state changes. Must not fail: a record that cannot be applied is a fault of the journal and is refused where it is decoded.
    /// </summary>
    void Replay(in TRecord record, long offset);

    /// <summary>Forgets everything, replicated and soft, to be loaded from the start.</summary>
    void Reset();

    /// <summary>All of the journal is replayed and requests follow: the time to set timers.</summary>
    void Loaded(long nowMs);

    /// <summary>
    /// No request follows until the next load: cancel timers and answer the operations that were deferred, each with
    /// <see cref="Operation{TMachine,TRecord}.Finish"/> and this error. <see cref="Reset"/> comes before the next load.
    /// </summary>
    void Unloaded(ErrorCode error);
}
