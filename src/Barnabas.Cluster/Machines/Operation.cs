using Barnabas.Base;

namespace Barnabas.Cluster.Machines;

/// <summary>
/// One request to a machine, with its reply. Made by whoever asks, on any thread; from its submission to <see cref="Completed"/> owned by
/// the host's loop. It is its own node in the queue of parked replies, so that an operation costs one object.
/// </summary>
public abstract class Operation<TMachine, TRecord>
    where TMachine : class, IMachine<TRecord>
{
    internal Operation<TMachine, TRecord>? NextParked;
    internal long WaitsForOffset;

    /// <summary>
    /// True for what the machine asks of itself (an expired session). It is never refused for lack of room.
    /// </summary>
    public virtual bool IsInternal => false;

    /// <summary>True from <see cref="Finish"/> on.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>
    /// Looks at the machine, changes nothing of its replicated state, adds records to <paramref name="decision"/> and remembers the reply.
    /// </summary>
    /// <param name="machine">Its state includes records that are not committed yet.</param>
    /// <param name="decision">Takes the records.</param>
    /// <param name="nowMs">Wall-clock milliseconds.</param>
    public abstract void Decide(TMachine machine, Decision<TRecord> decision, long nowMs);

    /// <summary>
    /// Called once, on the host's loop: with None when all that the reply rests on is committed, else with what went wrong, in which case
    /// the reply from <see cref="Decide"/> must not be sent. After a lost leadership the records may still be committed by the next leader.
    /// </summary>
    protected abstract void Completed(ErrorCode error);

    /// <summary>
    /// Ends the operation, before its time too (a timeout, a deferred operation whose wait is over). Only the first call counts. Host's
    /// loop.
    /// </summary>
    public void Finish(ErrorCode error)
    {
        if (!IsFinished)
        {
            IsFinished = true;
            Completed(error);
        }
    }
}
