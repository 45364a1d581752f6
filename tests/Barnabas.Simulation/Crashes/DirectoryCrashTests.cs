using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Log;
using Barnabas.Simulation.Faults;
using Barnabas.Simulation.Seams;

namespace Barnabas.Simulation.Crashes;

/// <summary>
/// A log directory whose process dies, or whose machine loses its power, before each operation on its disk: rolls, cuts, flushes,
/// retention, checkpoints, making and deleting of topics, clean stops, and the recovery from all of these.
/// </summary>
public sealed class DirectoryCrashTests
{
    private const int PowerCutsPerOperation = 4;

    private static readonly Lazy<IReadOnlyCollection<string>> OfScript = new(() =>
    {
        var points = new HashSet<string>(CrashPoints.Count(new DirectoryScript(MortalDisk.New(0)).Run).Keys);
        EachCut(step: 1, (_, script) => points.UnionWith(CrashPoints.Count(script.Recover).Keys));
        var hollow = HollowLog.Make(MortalDisk.New(0));
        points.UnionWith(CrashPoints.Count(() => hollow.Open()).Keys);
        points.UnionWith(CrashPoints.Count(MovedLog.Make(MortalDisk.New(0)).Move).Keys);
        return points;
    });

    /// <summary>The fault points that the script passes, and so dies at, for it dies before every operation.</summary>
    internal static IReadOnlyCollection<string> Points => OfScript.Value;

    [Fact]
    public void A_process_that_dies_before_any_operation_loses_nothing()
    {
        DieEverywhere(isPowerCut: false, seed: 1);
    }

    [Fact]
    public void A_power_cut_before_any_operation_takes_only_what_was_not_synced()
    {
        for (var seed = 1UL; seed <= PowerCutsPerOperation; seed++)
        {
            DieEverywhere(isPowerCut: true, seed);
        }
    }

    [Fact]
    public void A_recovery_that_dies_too_is_done_again()
    {
        var again = 0;
        EachCut(step: 2, (at, script) =>
        {
            foreach (var point in CrashPoints.Count(script.Recover).Keys)
            {
                // The recovery that counted has mended all: the same history again, which dies in it.
                var disk = MortalDisk.New((ulong)at);
                var same = new DirectoryScript(disk);
                MortalDisk.Dies(disk, at, isPowerCut: true, same.Run);
                again += MortalDisk.Dies(disk, long.MaxValue, isPowerCut: true, () =>
                    CrashPoints.DieAt(point, 1, () => disk.Die(point), same.Recover)) ? 1 : 0;
                Judge(same, isPowerCut: true, $"operation {at}, and at {point} in recovery");
            }
        });
        Assert.True(again > 500, $"only {again} recoveries died");
    }

    [Fact]
    public void What_recovery_cut_does_not_come_back_behind_a_clean_stop()
    {
        for (var seed = 1UL; seed <= PowerCutsPerOperation; seed++)
        {
            var cuts = 0;
            for (var at = 1L; ; at++)
            {
                var disk = MortalDisk.New((seed << 32) + (ulong)at);
                var script = new DirectoryScript(disk);
                if (!MortalDisk.Dies(disk, at, isPowerCut: true, script.Run))
                {
                    break;
                }

                script.RecoverAndClose();
                disk.Restart(isPowerCut: true);
                Judge(script, isPowerCut: true, $"operation {at}, seed {seed}, and again behind a clean stop");
                cuts++;
            }

            Assert.True(cuts > 250, $"only {cuts} operations");
        }
    }

    [Fact]
    public void A_torn_tail_goes_after_all_that_lies_behind_it()
    {
        // Offsets of a compacted log may have holes, so that nothing but the torn tail says that the log ends there.
        var config = LogConfig.Default with { Cleanup = CleanupPolicy.Compact, SegmentBytes = 600 };
        foreach (var isPowerCut in new[] { false, true })
        {
            for (var seed = 0UL; seed < 20; seed++)
            {
                for (var at = 1L; ; at++)
                {
                    var disk = MortalDisk.New(seed);
                    var log = TornLog.Make(disk, config);
                    var died = MortalDisk.Dies(disk, disk.Operations + at, isPowerCut, () => log.Open(config));
                    Assert.Equal(log.End, log.Open(config).LogEndOffset);
                    if (!died)
                    {
                        Assert.True(at > 5);
                        break;
                    }
                }
            }
        }
    }

    [Fact]
    public void A_hole_is_closed_or_still_there_whenever_its_closing_dies()
    {
        foreach (var isPowerCut in new[] { false, true })
        {
            for (var at = 1L; ; at++)
            {
                var disk = MortalDisk.New((ulong)at);
                var log = HollowLog.Make(disk);
                var died = MortalDisk.Dies(disk, disk.Operations + at, isPowerCut, () => log.Open());
                var view = log.Open().View;
                Assert.Equal(6, view.LogEndOffset);
                Assert.Equal(ErrorCode.None, view.Slice(2, 1 << 20, ReadLimit.LogEnd, minOneBatch: true).ErrorCode);
                if (!died)
                {
                    Assert.True(at > 5);
                    break;
                }
            }
        }
    }

    [Fact]
    public void A_log_is_whole_in_one_directory_whenever_its_move_to_another_dies()
    {
        foreach (var isPowerCut in new[] { false, true })
        {
            var moved = 0;
            for (var at = 1L; ; at++)
            {
                var disk = MortalDisk.New((ulong)at);
                var log = MovedLog.Make(disk);
                var died = MortalDisk.Dies(disk, disk.Operations + at, isPowerCut, log.Move);
                disk.Restart(isPowerCut);
                log.CheckAfter(isPowerCut);
                moved += log.HasMoved ? 1 : 0;
                if (!died)
                {
                    Assert.True(at > 30 && moved > 3, $"{at} operations, {moved} of them behind the move");
                    break;
                }
            }
        }
    }

    private static void EachCut(int step, Action<long, DirectoryScript> then)
    {
        for (var at = 1L; ; at += step)
        {
            var disk = MortalDisk.New((ulong)at);
            var script = new DirectoryScript(disk);
            if (!MortalDisk.Dies(disk, at, isPowerCut: true, script.Run))
            {
                return;
            }

            then(at, script);
        }
    }

    private static void DieEverywhere(bool isPowerCut, ulong seed)
    {
        Check.OnFailure = _ => { };
        var deaths = 0;
        for (var at = 1L; ; at++)
        {
            var disk = MortalDisk.New((seed << 32) + (ulong)at);
            var script = new DirectoryScript(disk);
            if (!MortalDisk.Dies(disk, at, isPowerCut, script.Run))
            {
                break;
            }

            deaths++;
            Judge(script, isPowerCut, $"operation {at}, seed {seed}");
        }

        Assert.True(deaths > 250, $"only {deaths} operations");
    }

    private static void Judge(DirectoryScript script, bool isPowerCut, string where)
    {
        try
        {
            script.CheckAfter(isPowerCut);
        }
        catch (Exception e)
        {
            Assert.Fail($"{(isPowerCut ? "power cut" : "death")} before {where}: {e}");
        }
    }
}
