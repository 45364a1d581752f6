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
        var points = new HashSet<string>(CrashPoints.Count(new DirectoryScript(NewDisk(0)).Run).Keys);
        EachCut(step: 1, (_, script) => points.UnionWith(CrashPoints.Count(script.Recover).Keys));
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
                var disk = NewDisk((ulong)at);
                var same = new DirectoryScript(disk);
                Dies(disk, at, isPowerCut: true, same.Run);
                again += Dies(disk, long.MaxValue, isPowerCut: true, () =>
                    CrashPoints.DieAt(point, 1, () => disk.Die(point), same.Recover)) ? 1 : 0;
                Judge(same, isPowerCut: true, $"operation {at}, and at {point} in recovery");
            }
        });
        Assert.True(again > 500, $"only {again} recoveries died");
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
                    var disk = NewDisk(seed);
                    var log = TornLog.Make(disk, config);
                    var died = Dies(disk, disk.Operations + at, isPowerCut, () => log.Open(config));
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

    private static void EachCut(int step, Action<long, DirectoryScript> then)
    {
        for (var at = 1L; ; at += step)
        {
            var disk = NewDisk((ulong)at);
            var script = new DirectoryScript(disk);
            if (!Dies(disk, at, isPowerCut: true, script.Run))
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
            var disk = NewDisk((seed << 32) + (ulong)at);
            var script = new DirectoryScript(disk);
            if (!Dies(disk, at, isPowerCut, script.Run))
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

    private static bool Dies(SimDisk disk, long operation, bool isPowerCut, Action life)
    {
        disk.DiesAtOperation = operation;
        try
        {
            life();
            return false;
        }
        catch (SimCrashException)
        {
            disk.Restart(isPowerCut);
            return true;
        }
        finally
        {
            disk.DiesAtOperation = long.MaxValue;
        }
    }

    private static SimDisk NewDisk(ulong seed) => new(new SimClock(), new Randomness(seed));
}
