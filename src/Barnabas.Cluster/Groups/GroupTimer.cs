using Barnabas.Base.Loops;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;

namespace Barnabas.Cluster.Groups;

/// <summary>
/// A timer that has the coordinator decide something of its own accord. Owned by the loop of its coordinator.
/// </summary>
internal sealed class GroupTimer(GroupCoordinator coordinator, Func<Operation<GroupCoordinator, GroupRecord>> chore) : TimerEntry
{
    /// <summary>Sets or moves it.</summary>
    public void Set(long delayMs) => coordinator.Loop.Timers.Set(this, coordinator.Loop.NowUs + (delayMs * 1000));

    /// <summary>Takes it back; nothing if it is not set.</summary>
    public void Cancel() => coordinator.Loop.Timers.Cancel(this);

    /// <inheritdoc/>
    public override void Fire() => coordinator.Submit(chore());
}
