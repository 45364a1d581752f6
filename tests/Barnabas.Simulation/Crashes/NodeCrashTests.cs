using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Simulation.Faults;
using Barnabas.Simulation.Runs;

namespace Barnabas.Simulation.Crashes;

/// <summary>
/// A whole node whose process dies, or whose machine loses its power, at each fault point of the production code: seeded histories as in
/// the campaign, with all their oracles. A point that neither a history nor a script (<see cref="DirectoryCrashTests"/>,
/// <see cref="CompactionCrashTests"/>) passes fails its test, so that none can be added without being covered.
/// </summary>
public sealed class NodeCrashTests
{
    private const int SeedsPerScenario = 4;
    private const int CrashesPerPoint = 3;

    private static readonly Lazy<IReadOnlyList<Passage>> Passages = new(CountAll);

    public static TheoryData<string> Points => new(CrashPoints.All);

    [Fact]
    public void Every_fault_point_is_died_at()
    {
        var passed = Passages.Value.Select(passage => passage.Point).Concat(DirectoryCrashTests.Points)
            .Concat(CompactionCrashTests.Points).ToHashSet(StringComparer.Ordinal);
        var never = CrashPoints.All.Where(point => !passed.Contains(point)).ToList();
        Assert.True(CrashPoints.All.Count > 40);
        Assert.True(
            never.Count == 0,
            $"nothing dies at {string.Join(", ", never)}: let a scenario or workload of the simulation, or a script of crashes, pass it");
    }

    [Theory, MemberData(nameof(Points))]
    [Trait("Category", "Slow")]
    public void A_crash_at_a_point_keeps_every_promise(string point)
    {
        var passages = Passages.Value.Where(passage => passage.Point == point).ToList();
        var random = new Randomness((ulong)point.Length);
        for (var i = 0; i < CrashesPerPoint && passages.Count > 0; i++)
        {
            var (seed, scenario, _, count) = passages[i * passages.Count / CrashesPerPoint];
            var pass = 1 + random.Next(count);
            foreach (var kind in new[] { StopKind.ProcessDeath, StopKind.PowerCut })
            {
                Crash(seed, scenario, point, pass, kind);
            }
        }
    }

    private static void Crash(ulong seed, Scenario scenario, string point, int pass, StopKind kind)
    {
        SimWorld? world = null;
        var deaths = 0;
        try
        {
            var running = world = new SimWorld(seed, scenario);
            CrashPoints.DieAt(
                point,
                pass,
                () =>
                {
                    deaths++;
                    running.DeathAtPoint = kind;
                    running.Disk.Die(point);
                },
                running.Run);
            Assert.Equal(1, deaths);
        }
        catch (Exception e)
        {
            var trace = world is null ? "" : string.Join("\n  ", world.Trace.Lines);
            Assert.Fail($"{kind} at pass {pass} of {point}, seed {seed} of {scenario.Name}: {e}\n  {trace}");
        }
    }

    private static IReadOnlyList<Passage> CountAll()
    {
        Check.OnFailure = _ => { };
        var passages = new List<Passage>();
        foreach (var scenario in Scenario.All)
        {
            for (var seed = 0UL; seed < SeedsPerScenario; seed++)
            {
                var counts = CrashPoints.Count(new SimWorld(seed, scenario).Run);
                passages.AddRange(counts.Select(count => new Passage(seed, scenario, count.Key, count.Value)));
            }
        }

        return passages;
    }

    /// <summary>A history that passes a point so many times.</summary>
    private sealed record Passage(ulong Seed, Scenario Scenario, string Point, int Count);
}
