using Barnabas.Broker.Worlds;

namespace Barnabas.Tests.Worlds;

public sealed class GarbageWatchTests
{
    [Fact]
    public void Young_garbage_goes_after_its_budget_and_not_before()
    {
        GarbageWatch.Start();
        var garbage = Allocate(); // survives until the collection that is looked for
        GarbageWatch.Look();
        Assert.False(garbage.IsAlive);
    }

    private static WeakReference Allocate()
    {
        var first = new WeakReference(new byte[100]);
        for (long allocated = 0; allocated <= GarbageWatch.BudgetBytes; allocated += 10_000)
        {
            GC.KeepAlive(new byte[10_000]);
        }

        return first;
    }
}
