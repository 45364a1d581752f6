using Barnabas.Base.Seams;
using Barnabas.Broker.Worlds;
using Barnabas.Log.Compaction;

namespace Barnabas.Tests.Log.Compaction;

/// <summary>An exchange whose files are renamed by another thread than the log's owner, and one whose log is given up meanwhile.</summary>
public sealed class SwapJobTests
{
    [Theory, InlineData(false), InlineData(true)]
    public void A_truncation_waits_for_an_exchange_that_runs_and_ends_one_that_finds_no_room(bool isFull)
    {
        var disk = new FailingDisk(new FileDisk()) { SkipsSyncs = true };
        using var log = new CompactedLog(disk);
        CompactionFaultTests.Fill(log);
        using var job = log.Begin();
        Assert.Equal(CompactionStep.Cleaned, CompactionFaultTests.Step(job));
        var swap = log.Log.Compaction.Exchange(job)!;
        Exception? problem = null;
        var owner = new Thread(() => problem = Record.Exception(() => log.Log.TruncateTo(6)));
        var (ownersChanges, tooEarly) = (0, 0);
        disk.Before = (what, _) =>
        {
            if (Thread.CurrentThread == owner)
            {
                Interlocked.Increment(ref ownersChanges);
            }
            else if (what == "rename" && owner.ThreadState.HasFlag(ThreadState.Unstarted))
            {
                // From here on the owner has to wait, and does it asleep; without that it changes the disk.
                owner.Start();
                SpinWait.SpinUntil(
                    () => owner.ThreadState.HasFlag(ThreadState.WaitSleepJoin) || !owner.IsAlive || Volatile.Read(ref ownersChanges) > 0);
                if (isFull)
                {
                    throw new DiskFullException("the test leaves no room", 28);
                }
            }
            else if (!isFull)
            {
                tooEarly += Volatile.Read(ref ownersChanges);
            }
        };
        Assert.Equal(isFull, Record.Exception(swap.Run) is DiskFullException);
        owner.Join();
        disk.Before = null;
        swap.Remove();
        Assert.Null(problem);
        Assert.Equal(0, tooEarly);
        Assert.Equal((6L, 5L), (log.View.LogEndOffset, log.Read().Single().Offset));
        Assert.Empty(CompactionFaultTests.Leftovers(log));
        log.Fixture.ReopenAfterCrash();
        Assert.Equal((6L, 5L), (log.View.LogEndOffset, log.Read().Single().Offset));
    }

    [Fact]
    public void A_log_that_was_given_up_stays_closed_whatever_its_cleaning_brings()
    {
        using var log = new CompactedLog();
        CompactionFaultTests.Fill(log);
        log.Flush();
        var plan = log.Plan()!;
        using var job = log.Begin();
        Assert.Equal(CompactionStep.Cleaned, CompactionFaultTests.Step(job));
        log.Log.Abandon();
        Assert.Null(log.Log.Compaction.Exchange(job));
        Assert.True(log.View.IsClosed);
        log.Log.Compaction.Complete(job);
        Assert.True(log.View.IsClosed);
        Assert.Null(log.Log.Compaction.Begin(plan, log.Order()));
    }
}
