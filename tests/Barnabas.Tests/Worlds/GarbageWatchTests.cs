using Barnabas.Broker.Worlds;

namespace Barnabas.Tests.Worlds;

public sealed class GarbageWatchTests
{
    [Fact]
    public void Young_garbage_goes_after_its_budget()
    {
        GarbageWatch.Start();
        var before = GC.CollectionCount(0);
        for (long allocated = 0; allocated <= GarbageWatch.BudgetBytes; allocated += 10_000)
        {
            GC.KeepAlive(new byte[10_000]);
        }

        GarbageWatch.Look();
        Assert.True(GC.CollectionCount(0) > before);
    }
}
