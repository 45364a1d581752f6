using System.Globalization;
using Xunit.Abstractions;

namespace Barnabas.Simulation.Runs;

/// <summary>
/// The seeds of one campaign: the first of them in every run of the tests, the others in one that has the time. <c>BARNABAS_SIM_SEEDS</c>
/// says how many all campaigns run together, <c>BARNABAS_SIM_SEED</c> runs that one alone. Stateless.
/// </summary>
/// <param name="test">Name of the tests' class, for the line that runs a seed again.</param>
/// <param name="share">How many of a hundred seeds are this campaign's.</param>
/// <param name="quickSeeds">How many, of which it has this share, run in every run of the tests.</param>
internal sealed class SeedRange(string test, int share, int quickSeeds = 200)
{
    private const int AllSeeds = 2000;

    /// <summary>The first ones.</summary>
    public IEnumerable<ulong> Quick => Only is { } only ? [only] : Seeds(0, Math.Min(quickSeeds, All));

    /// <summary>All that come behind the first ones.</summary>
    public IEnumerable<ulong> Later => Only is not null ? [] : Seeds(quickSeeds, All);

    private static ulong? Only => Setting("BARNABAS_SIM_SEED") is { } seed ? (ulong)seed : null;

    private static int All => (int)(Setting("BARNABAS_SIM_SEEDS") ?? AllSeeds);

    /// <summary>Runs seeds, two at a time, and says what came of each; fails when one of them did.</summary>
    public List<SeedResult> Run(IEnumerable<ulong> seeds, Func<ulong, SeedResult> run, ITestOutputHelper output)
    {
        var results = seeds.AsParallel().AsOrdered().WithDegreeOfParallelism(2).Select(run).ToList();
        results.ForEach(result => output.WriteLine($"seed {result.Seed} ({result.Scenario}): {result.Summary}"));
        var kinds = results.SelectMany(result => result.Faults).GroupBy(fault => fault.Key)
            .OrderBy(kind => kind.Key, StringComparer.Ordinal);
        output.WriteLine(
            $"{results.Count} seeds, {results.Sum(result => result.Steps)} steps; "
            + string.Join(", ", kinds.Select(kind => $"{kind.Key} {kind.Sum(fault => fault.Value)}")));
        var failed = results.FindAll(result => result.Error is not null);
        Assert.True(
            failed.Count == 0,
            $"{failed.Count} of {results.Count} seeds failed; the first again: {Replay(failed.FirstOrDefault()?.Seed)}\n"
            + string.Join("\n", failed.Take(30).Select(f => $"seed {f.Seed} ({f.Scenario}): {f.Error!.Split('\n')[0]}")) + "\n"
            + string.Join("\n", failed.Take(3).Select(f => $"seed {f.Seed} ({f.Scenario}): {f.Error}\n  {f.Summary}"))
            + $"\nall failed seeds: {string.Join(' ', failed.Select(f => f.Seed))}");
        return results;
    }

    /// <summary>Fails where a kind of fault, or a step, came less often than once in so many seeds: then the seeds prove little.</summary>
    public static void CheckFloors(List<SeedResult> results, int stepsMin, params string[] kinds)
    {
        Assert.All(results, result => Assert.True(result.Steps >= stepsMin, $"seed {result.Seed}: only {result.Steps} steps"));
        foreach (var kind in results.Count < 50 ? [] : kinds)
        {
            var count = results.Sum(result => result.Faults.GetValueOrDefault(kind));
            Assert.True(count >= results.Count / 10, $"only {count} times {kind} in {results.Count} seeds");
        }
    }

    private string Replay(ulong? seed) =>
        $"BARNABAS_SIM_SEED={seed} ./test --only simulation --filter FullyQualifiedName~{test}.";

    private IEnumerable<ulong> Seeds(int from, int to) =>
        Enumerable.Range(from * share / 100, Math.Max(0, (to * share / 100) - (from * share / 100))).Select(seed => (ulong)seed);

    private static long? Setting(string name) =>
        long.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : null;
}
