using Barnabas.Broker.Worlds;
using Barnabas.Log;
using Barnabas.Protocol.Records;

namespace Barnabas.Tests.Log.Compaction;

/// <summary>
/// A compaction is stopped while it exchanges files, and the new data is spoiled before the next start: the old segments come back whole.
/// </summary>
public sealed class SpoiledSwapTests
{
    private static readonly Dictionary<string, Func<byte[], byte[]>> Spoilers = new()
    {
        ["a byte changed in its last batch"] = bytes => [.. bytes[..^20], (byte)(bytes[^20] ^ 1), .. bytes[^19..]],
        ["a byte changed in its first batch"] = bytes => [.. bytes[..70], (byte)(bytes[70] ^ 1), .. bytes[71..]],
        ["cut"] = bytes => bytes[..^7],
        ["cut in its first header"] = bytes => bytes[..30],
        ["longer than it was"] = bytes => [.. bytes, .. new byte[100]],
        ["zeros"] = bytes => new byte[bytes.Length],
        ["another file"] = _ => "not what a broker writes"u8.ToArray(),
        ["nothing"] = _ => [],
    };

    public static TheoryData<string> Kinds => [.. Spoilers.Keys];

    [Theory, MemberData(nameof(Kinds))]
    public void It_never_takes_the_place_of_good_segments(string kind)
    {
        var (spoiled, takenBack) = (0, 0);
        for (var at = 1; ; at++)
        {
            var disk = NewDisk();
            using var log = new CompactedLog(disk);
            Fill(log);
            var (records, latest) = (Records(log), CompactionFaultTests.Latest(log));
            if (!StopsAt(log, disk, at))
            {
                break;
            }

            if (Spoil(log, kind) is not { } name)
            {
                continue;
            }

            spoiled++;
            takenBack = Math.Max(takenBack, Directory.GetFiles(log.Fixture.Directory, "*.log.deleted").Length);
            var isComplete = Directory.GetFiles(log.Fixture.Directory, "*.cleaned").Length == 0;
            var report = log.Fixture.Open(clean: false, recoveryPoint: 1000).Report;
            log.Log.Publish(log.Log.LogEndOffset);
            Assert.Equal(isComplete && kind != "nothing" ? [name] : [], report.SpoiledSwaps);
            Assert.Empty(report.Damages);
            Assert.Equal(records, Records(log));
            Assert.Empty(CompactionFaultTests.Leftovers(log));
            log.CleanAll();
            Assert.Equal(latest, CompactionFaultTests.Latest(log));
        }

        Assert.True(spoiled > 8, $"spoiled {spoiled} times");
        Assert.True(takenBack > 1, "never came several back");
    }

    [Fact]
    public void A_stop_while_the_old_segments_come_back_is_mended_too()
    {
        for (var at = 1; ; at++)
        {
            var disk = NewDisk();
            using var log = new CompactedLog(disk);
            Fill(log);
            var records = CompactionFaultTests.Latest(log);
            var stop = 1;
            while (Directory.GetFiles(log.Fixture.Directory, "*.log.deleted").Length == 0)
            {
                Assert.True(StopsAt(log, disk, stop++));
            }

            Spoil(log, "zeros");
            disk.FailAt = disk.Changes + at;
            try
            {
                log.Fixture.Open(clean: false, recoveryPoint: 1000);
                Assert.True(at > 5);
                break;
            }
            catch (IOException)
            {
                disk.FailAt = int.MaxValue;
            }

            log.Fixture.Open(clean: false, recoveryPoint: 1000);
            log.Log.Publish(log.Log.LogEndOffset);
            Assert.Equal(records, CompactionFaultTests.Latest(log));
            Assert.Empty(CompactionFaultTests.Leftovers(log));
        }
    }

    /// <summary>
    /// A disk that does not keep the changes of a directory in their order could take the names back and not the swap, from which all is
    /// done again.
    /// </summary>
    [Fact]
    public void Old_segments_have_their_names_for_good_before_the_swap_goes()
    {
        var disk = NewDisk();
        using var log = new CompactedLog(disk);
        Fill(log);
        for (var stop = 1; Directory.GetFiles(log.Fixture.Directory, "*.log.deleted").Length == 0; stop++)
        {
            Assert.True(StopsAt(log, disk, stop));
        }

        Spoil(log, "zeros");
        var (unsynced, back, gone) = (0, 0, 0);
        disk.Before = (what, path) =>
        {
            if (what == "delete" && path.EndsWith(".log.swap", StringComparison.Ordinal))
            {
                Assert.Equal(0, unsynced);
                gone++;
            }

            var isBack = what == "rename" && path.EndsWith(".log.deleted", StringComparison.Ordinal);
            back += isBack ? 1 : 0;
            unsynced = what == "sync" && path == log.Fixture.Directory ? 0 : unsynced + (isBack ? 1 : 0);
        };
        log.Fixture.Open(clean: false, recoveryPoint: 1000);
        Assert.True(back > 0);
        Assert.Equal(1, gone);
    }

    [Fact]
    public void What_an_earlier_exchange_has_replaced_does_not_come_back()
    {
        var spoiled = 0;
        for (var at = 1; ; at++)
        {
            var disk = NewDisk();
            using var log = new CompactedLog(disk);
            Fill(log);
            log.Clean(removesOld: false);
            Assert.NotEmpty(Directory.GetFiles(log.Fixture.Directory, "*.log.deleted"));
            log.Append("a=8", "b=8");
            log.Roll();
            log.Append("x=2");
            var records = Records(log);
            if (!StopsAt(log, disk, at, recovers: false))
            {
                break;
            }

            if (Spoil(log, "zeros") is not null)
            {
                spoiled++;
                log.Fixture.Open(clean: false, recoveryPoint: 1000);
                log.Log.Publish(log.Log.LogEndOffset);
                Assert.Equal(records, Records(log));
            }
        }

        Assert.True(spoiled > 8, $"spoiled {spoiled} times");
    }

    [Fact]
    public void Segments_of_others_that_overlap_do_not_come_back()
    {
        using var log = new CompactedLog(NewDisk());
        for (var i = 0; i < 3; i++)
        {
            log.Append($"a{i}={i}", $"b{i}={i}");
        }

        log.Roll();
        log.Append("x=1");
        var records = Records(log);
        log.Log.Abandon();
        File.Copy(log.Fixture.PathOf(0, ".log"), log.Fixture.PathOf(2, ".log.deleted"));
        File.WriteAllBytes(log.Fixture.PathOf(0, ".log.swap"), new byte[100]);
        Assert.Single(log.Fixture.Open(clean: false, recoveryPoint: 1000).Report.SpoiledSwaps);
        log.Log.Publish(log.Log.LogEndOffset);
        Assert.Equal(records, Records(log));
    }

    [Fact]
    public void An_index_without_new_data_does_not_take_the_place_of_a_good_one()
    {
        using var log = new CompactedLog(NewDisk());
        Fill(log);
        log.Log.Close();
        var index = log.Fixture.PathOf(0, ".index");
        var before = File.ReadAllBytes(index);
        File.WriteAllBytes(index + ".swap", new byte[16]);
        log.Fixture.Open(clean: true, recoveryPoint: 1000);
        Assert.Equal(before, File.ReadAllBytes(index));
        Assert.False(File.Exists(index + ".swap"));
    }

    [Fact]
    public void An_old_index_whose_data_has_gone_is_not_taken_for_that_of_the_new()
    {
        using var log = new CompactedLog(NewDisk());
        Fill(log);
        log.Append("y=1");
        log.Roll();
        log.Append("x=2");
        log.Clean();
        var records = Records(log);
        log.Log.Close();
        File.Move(log.Fixture.PathOf(0, ".log"), log.Fixture.PathOf(0, ".log.swap"));
        File.WriteAllBytes(log.Fixture.PathOf(0, ".index"), [0, 0, 0, 1, 0, 0, 0, 60]);
        Assert.Empty(log.Fixture.Open(clean: false, recoveryPoint: 1000).Report.SpoiledSwaps);
        log.Log.Publish(log.Log.LogEndOffset);
        foreach (var (offset, _, _) in records)
        {
            var slice = log.View.Slice(offset, 1, ReadLimit.LogEnd, minOneBatch: true);
            var batch = Assert.Single(LogFixture.HeadersOf(LogFixture.BytesOf(slice)));
            Assert.InRange(offset, batch.BaseOffset, batch.LastOffset);
        }
    }

    /// <summary>Segments so small that several make a group, with superseded and aborted records.</summary>
    private static void Fill(CompactedLog log)
    {
        var transaction = new BatchOptions { ProducerId = 9, ProducerEpoch = 0, IsTransactional = true };
        for (var i = 0; i < 8; i++)
        {
            log.Append($"a={i}", $"b={i}");
            if (i is 1 or 3)
            {
                log.Append(transaction with { BaseSequence = i / 2 }, "a=9");
                log.Marker(9, 0, isAbort: true);
            }

            log.Roll();
        }

        log.Append("x=1");
    }

    private static FailingDisk NewDisk() => new(new FileDisk()) { SkipsSyncs = true };

    private static List<(long Offset, string? Key, string? Value)> Records(CompactedLog log) =>
        [.. log.Read(committed: true).Select(r => (r.Offset, r.Key, r.Value))];

    /// <summary>Begins to exchange the first group, and stops before a change to the disk; false when there are not so many.</summary>
    private static bool StopsAt(CompactedLog log, FailingDisk disk, int change, bool recovers = true)
    {
        if (recovers)
        {
            log.Log.Abandon();
            log.Fixture.Open(clean: false, recoveryPoint: 1000);
            log.Log.Publish(log.Log.LogEndOffset);
            log.Flush();
        }

        using var job = log.Begin();
        CompactionFaultTests.Step(job);
        var swap = log.Log.Compaction.Exchange(job)!;
        disk.FailAt = disk.Changes + change;
        try
        {
            swap.Run();
            return false;
        }
        catch (IOException)
        {
            log.Log.Abandon();
            return true;
        }
        finally
        {
            disk.FailAt = int.MaxValue;
        }
    }

    private static string? Spoil(CompactedLog log, string kind)
    {
        if (Directory.GetFiles(log.Fixture.Directory, "*.log.swap") is not [var path])
        {
            return null;
        }

        File.WriteAllBytes(path, Spoilers[kind](File.ReadAllBytes(path)));
        return Path.GetFileName(path);
    }
}
