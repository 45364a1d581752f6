using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Broker.Worlds;
using Barnabas.Log;
using Barnabas.Log.Compaction;
using Barnabas.Log.Retention;
using Barnabas.Protocol.Records;

namespace Barnabas.Tests.Log.Compaction;

/// <summary>What comes in the way of a cleaning: a crash between any two changes to the disk, truncation, retention, readers.</summary>
public sealed class CompactionFaultTests
{
    private static readonly BatchOptions Transaction = new() { ProducerId = 9, ProducerEpoch = 0, IsTransactional = true };

    [Trait("Category", "Slow")]
    [Theory, InlineData(false, false), InlineData(true, false), InlineData(false, true)]
    public void A_crash_between_any_two_changes_leaves_the_old_segments_or_the_new_one(bool tears, bool dropsTombstones)
    {
        var seen = new HashSet<string>();
        var changes = 1;
        for (; ; changes++)
        {
            var disk = new FailingDisk(new FileDisk()) { TearsWrites = tears, SkipsSyncs = true };
            using var log = new CompactedLog(disk);
            Fill(log);
            if (dropsTombstones)
            {
                log.CleanAll();
                CleanLater(log, () => { });
            }

            var records = Latest(log);
            disk.FailAt = disk.Changes + changes;
            try
            {
                log.Clean();
                break;
            }
            catch (IOException)
            {
                log.Log.Abandon();
            }

            disk.FailAt = int.MaxValue;
            var opened = log.Fixture.Open(clean: false, recoveryPoint: 1000);
            Assert.Empty(opened.Report.Damages);
            log.Log.Publish(log.Log.LogEndOffset);
            Assert.Equal(records, Latest(log));
            seen.Add(string.Join(' ', log.Batches().Select(b => b.BaseOffset)));
            Assert.Empty(Leftovers(log));
            log.CleanAll();
            CleanLater(log, () => log.CleanAll());
            Assert.Equal(records, Latest(log));
            Assert.Equal(["a", "b", "c", "d", "e", "x"], log.Read(committed: true).Select(r => r.Key).Order());
        }

        Assert.True(changes > 50, $"{changes} changes");
        Assert.InRange(seen.Count, 3, 20);
    }

    [Fact]
    public void A_stop_in_the_middle_of_mending_is_mended_too()
    {
        for (var at = 1; ; at++)
        {
            var disk = new FailingDisk(new FileDisk()) { SkipsSyncs = true };
            using var log = new CompactedLog(disk);
            Fill(log);
            var records = Latest(log);
            StopAtFinalNames(log, disk);
            disk.FailAt = disk.Changes + at;
            try
            {
                log.Fixture.Open(clean: false, recoveryPoint: 1000);
                break;
            }
            catch (IOException)
            {
                disk.FailAt = int.MaxValue;
                log.Fixture.Open(clean: false, recoveryPoint: 1000);
                log.Log.Publish(log.Log.LogEndOffset);
                Assert.Equal(records, Latest(log));
                Assert.Empty(Leftovers(log));
            }
        }
    }

    [Fact]
    public void What_a_truncation_has_changed_is_not_exchanged()
    {
        using var log = new CompactedLog();
        Fill(log);
        using (var job = log.Begin())
        {
            Assert.Equal(CompactionStep.Cleaned, Step(job));
            log.Log.TruncateTo(3);
            Assert.Null(log.Log.Compaction.Exchange(job));
            log.Log.Compaction.Complete(job);
        }

        Assert.True(log.View.FirstDirtyOffset <= 3);
        Assert.Equal(3, log.View.LogEndOffset);
        Assert.Equal([0L, 1, 2], log.Read().Select(r => r.Offset));
        Assert.Empty(Leftovers(log));
    }

    [Fact]
    public void A_truncation_settles_the_files_of_an_exchange_first()
    {
        using var log = new CompactedLog();
        Fill(log);
        SwapJob swap;
        using (var job = log.Begin())
        {
            Assert.Equal(CompactionStep.Cleaned, Step(job));
            swap = log.Log.Compaction.Exchange(job)!;
            Assert.NotEmpty(Directory.GetFiles(log.Fixture.Directory, "*.cleaned"));
            log.Log.TruncateTo(6);
        }

        Assert.Empty(Directory.GetFiles(log.Fixture.Directory, "*.cleaned"));
        swap.Run();
        swap.Remove();
        Assert.Equal((6L, 5L), (log.View.LogEndOffset, log.Read().Single().Offset));
        log.Fixture.ReopenAfterCrash();
        Assert.Equal((6L, 5L), (log.View.LogEndOffset, log.Read().Single().Offset));
    }

    [Fact]
    public void Retention_of_a_segment_in_a_cleaning_ends_the_cleaning()
    {
        using var log = new CompactedLog();
        Fill(log);
        log.Fixture.Config = log.Fixture.Config with { Cleanup = CleanupPolicy.Compact | CleanupPolicy.Delete };
        using (var job = log.Begin())
        {
            Assert.Equal(CompactionStep.Cleaned, Step(job));
            log.Log.AdvanceLogStart(log.View.Segments[1].BaseOffset);
            var gone = log.Log.Delete(RetentionPlan.Make(log.View, log.Fixture.Config, log.Fixture.NowMs)!, log.Fixture.NowMs)!;
            Assert.Null(log.Log.Compaction.Exchange(job));
            gone.Rename();
            gone.Remove();
        }

        Assert.Equal(-1, log.View.FirstDirtyOffset);
        Assert.Empty(Leftovers(log));
        var records = Latest(log);
        log.CleanAll();
        Assert.Equal(records, Latest(log));
    }

    [Fact]
    public void A_plan_whose_segments_have_gone_is_not_begun()
    {
        using var log = new CompactedLog();
        Fill(log);
        log.Flush();
        var plan = log.Plan()!;
        log.Log.AdvanceLogStart(log.View.Segments[1].BaseOffset);
        log.Log.Delete(RetentionPlan.Make(log.View, log.Fixture.Config, log.Fixture.NowMs)!, log.Fixture.NowMs)!.Rename();
        Assert.Null(log.Log.Compaction.Begin(plan, log.Order()));
    }

    [Fact]
    public void What_is_not_flushed_is_not_begun()
    {
        using var log = new CompactedLog();
        Fill(log);
        Assert.Null(log.Log.Compaction.Begin(log.Plan()!, log.Order()));
        log.Flush();
        using var job = log.Log.Compaction.Begin(log.Plan()!, log.Order());
        Assert.NotNull(job);
    }

    [Fact]
    public void Of_a_log_that_rolls_without_pause_what_is_flushed_is_cleaned()
    {
        using var log = new CompactedLog();
        Fill(log);
        log.Roll();
        log.Flush();
        var flushedEnd = log.View.LogEndOffset;
        log.Append("a=6", "b=6");
        log.Roll();
        using (var job = log.Log.Compaction.Begin(log.Plan()!, log.Order())!)
        {
            while (Step(job) == CompactionStep.Cleaned)
            {
                log.Log.Compaction.Exchange(job)!.Run();
                log.Append("a=7");
                log.Roll();
            }

            log.Log.Compaction.Complete(job);
        }

        Assert.Equal(flushedEnd, log.View.FirstDirtyOffset);
        var left = log.Read(committed: true).Where(r => r.Offset < flushedEnd && r.Value is not null);
        Assert.Equal(["a", "b", "c", "d", "e", "x"], left.Select(r => r.Key).Order());
    }

    [Fact]
    public void What_lies_below_a_truncation_is_not_exchanged_either()
    {
        using var log = new CompactedLog();
        Fill(log);
        using var job = log.Begin();
        Assert.Equal(CompactionStep.Cleaned, Step(job));
        log.Log.TruncateTo(log.View.LogEndOffset - 1);
        Assert.Null(log.Log.Compaction.Exchange(job));
    }

    [Fact]
    public void Readers_of_an_older_view_read_on_what_it_shows()
    {
        using var log = new CompactedLog();
        Fill(log);
        log.ForgetCheckpoint(); // so that indexes are read when they are first asked for
        var view = log.View;
        var slice = view.Slice(0, 300, ReadLimit.LogEnd, true);
        var expected = Read(log, view: null);
        Assert.True(log.Clean());
        Assert.NotEqual(expected, Read(log, view: null));
        Assert.Equal(0, LogFixture.HeadersOf(LogFixture.BytesOf(slice))[0].BaseOffset);
        Assert.True(view.Slice(0, 300, ReadLimit.LogEnd, true).IsStale);

        string Read(CompactedLog from, LogView? view) =>
            string.Join(' ', CompactedLog.Read(view ?? from.View).Select(r => r.Offset));
    }

    [Fact]
    public void Until_the_old_files_are_removed_an_older_view_finds_all_of_them()
    {
        using var log = new CompactedLog();
        Fill(log);
        log.ForgetCheckpoint();
        var view = log.View;
        var swaps = new List<SwapJob>();
        using (var job = log.Begin())
        {
            for (var step = Step(job); step == CompactionStep.Cleaned; step = Step(job))
            {
                swaps.Add(log.Log.Compaction.Exchange(job)!);
                swaps[^1].Run();
            }

            log.Log.Compaction.Complete(job);
        }

        for (var offset = 0L; offset < view.LogEndOffset; offset++)
        {
            var slice = view.Slice(offset, 1, ReadLimit.LogEnd, minOneBatch: true);
            var batch = Assert.Single(LogFixture.HeadersOf(LogFixture.BytesOf(slice)));
            Assert.InRange(offset, batch.BaseOffset, batch.LastOffset);
        }

        Assert.Single(view.AbortedBetween(0, 100));
        swaps.ForEach(s => s.Remove());
    }

    internal static CompactionStep Step(CompactionJob job)
    {
        var step = job.Step(100);
        while (step == CompactionStep.Working)
        {
            step = job.Step(100);
        }

        return step;
    }

    /// <summary>Segments with superseded records, and an aborted transaction whose index entry must not outlive its marker.</summary>
    internal static void Fill(CompactedLog log)
    {
        log.Append("a=0", "b=0", "c=0");
        log.Append(Transaction with { BaseSequence = 0 }, "d=9", "a=9");
        log.Marker(9, 0, isAbort: true);
        for (var i = 1; i < 6; i++)
        {
            log.Append($"a={i}", $"b={i}");
            log.Append($"c={i}{new string('.', 100)}", $"e={i}");
            log.Append("d=0", $"gone{i}=1");
            log.Append($"gone{i}");
            log.Roll();
        }

        log.Append("x=1");
        log.Fixture.NowMs += 5000;
    }

    private static void CleanLater(CompactedLog log, Action clean)
    {
        log.Fixture.NowMs += 5000;
        log.ForgetCheckpoint();
        clean();
    }

    internal static string Latest(CompactedLog log)
    {
        var latest = new SortedDictionary<string, string>();
        foreach (var record in log.Read(committed: true))
        {
            latest[record.Key!] = $"{record.Offset} {record.Value}";
            if (record.Value is null)
            {
                latest.Remove(record.Key!);
            }
        }

        return string.Join('\n', latest);
    }

    private static void StopAtFinalNames(CompactedLog log, FailingDisk disk)
    {
        using var job = log.Begin();
        Step(job);
        var swap = log.Log.Compaction.Exchange(job)!;
        disk.FailAt = disk.Changes + 6; // behind the four names with .swap and the sync of the directory
        Assert.Throws<IOException>(swap.Run);
        Assert.Equal(4, Directory.GetFiles(log.Fixture.Directory, "*.swap").Length);
        log.Log.Abandon();
        disk.FailAt = int.MaxValue;
    }

    internal static List<string> Leftovers(CompactedLog log) => [.. Directory.GetFiles(log.Fixture.Directory)
        .Where(f => f.EndsWith(".cleaned") || f.EndsWith(".swap") || f.EndsWith(".deleted") || f.EndsWith(".tmp"))];
}
