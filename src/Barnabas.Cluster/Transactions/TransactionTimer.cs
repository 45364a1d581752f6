using Barnabas.Base.Loops;

namespace Barnabas.Cluster.Transactions;

/// <summary>A timer of a transaction coordinator. Owned by the coordinator's loop.</summary>
internal sealed class TransactionTimer(Loop loop, Action fire) : TimerEntry
{
    /// <summary>Sets or moves it.</summary>
    public void Set(long delayMs) => loop.Timers.Set(this, loop.NowUs + (delayMs * 1000));

    /// <summary>Takes it back; nothing if it is not set.</summary>
    public void Cancel() => loop.Timers.Cancel(this);

    /// <inheritdoc/>
    public override void Fire() => fire();
}
