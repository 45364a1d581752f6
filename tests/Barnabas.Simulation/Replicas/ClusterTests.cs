using Barnabas.Base;
using Barnabas.Simulation.Checkers;
using Barnabas.Simulation.Runs;
using Xunit.Abstractions;

namespace Barnabas.Simulation.Replicas;

/// <summary>A partition with three replicas under seeded histories, and the bugs of replication that they find.</summary>
public sealed class ClusterTests(ITestOutputHelper output)
{
    private const int SeedsDefault = 200;
    private const int SeedsMax = 60;

    public static TheoryData<string> Bugs =>
    [
        .. Enum.GetNames<ClusterBug>().Where(name => name is not (nameof(ClusterBug.None) or nameof(ClusterBug.FollowerEpochNotChecked))),
    ];

    [Fact]
    public void Every_seed_of_three_replicas_keeps_every_promise()
    {
        var only = Campaign.Setting("BARNABAS_SIM_SEED", -1);
        var count = (int)Campaign.Setting("BARNABAS_SIM_SEEDS", SeedsDefault);
        var seeds = only >= 0 ? [only] : Enumerable.Range(0, count).Select(seed => (long)seed);
        var results = seeds.AsParallel().AsOrdered().WithDegreeOfParallelism(2).Select(seed => Run((ulong)seed)).ToList();
        results.ForEach(result => output.WriteLine($"seed {result.Seed}: {result.Summary}"));
        var failed = results.FindAll(result => result.Error is not null);
        Assert.True(
            failed.Count == 0,
            $"{failed.Count} of {results.Count} seeds failed; the first again: {failed.FirstOrDefault()?.Replay}\n"
            + string.Join("\n", failed.Take(30).Select(f => $"seed {f.Seed}: {f.Error!.Split('\n')[0]}")) + "\n"
            + string.Join("\n", failed.Take(3).Select(f => $"seed {f.Seed}: {f.Error}\n  {f.Summary}"))
            + $"\nall failed seeds: {string.Join(' ', failed.Select(f => f.Seed))}");
        Assert.True(results.Count < 20 || results.Sum(result => result.Truncations) > 0, "no follower ever cut its log");
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void A_seed_of_three_replicas_is_the_same_history_every_time(ulong seed) => Assert.Equal(Run(seed), Run(seed));

    [Theory, MemberData(nameof(Bugs))]
    public void A_planted_bug_of_replication_is_found(string bug)
    {
        for (ulong seed = 0; seed < SeedsMax; seed++)
        {
            if (Run(seed, Enum.Parse<ClusterBug>(bug)).Error is { } error)
            {
                output.WriteLine($"{bug}: found by seed {seed}: {error.Split('\n')[0]}");
                return;
            }
        }

        Assert.Fail($"{bug} was not found by {SeedsMax} seeds");
    }

    private static Result Run(ulong seed, ClusterBug bug = ClusterBug.None)
    {
        // A failed check ends the history, not the process.
        Check.OnFailure = _ => { };
        ClusterWorld? world = null;
        string? error = null;
        try
        {
            world = new ClusterWorld(seed, bug);
            world.Run();
            error = bug == ClusterBug.None && !world.HasProvedEnough ? "too little happened" : null;
        }
        catch (Exception e)
        {
            error = e is ViolationException ? e.Message : $"{e.GetType().Name}: {e}";
        }

        var summary = world is null
            ? "nothing ran"
            : $"{world.Steps} steps, {world.Acknowledged} acknowledgements, {world.Fetched} fetches, "
                + $"{world.Controller.Elections} elections, {world.Truncations} truncations; {world.Faults.Counts}";
        var lines = error is null ? "" : $"\n  {string.Join("\n  ", world?.Trace.Lines ?? [])}";
        return new Result(seed, error is null ? null : error + lines, summary, world?.Trace.Hash ?? 0, world?.Truncations ?? 0);
    }

    private sealed record Result(ulong Seed, string? Error, string Summary, ulong Hash, int Truncations)
    {
        public string Replay => $"BARNABAS_SIM_SEED={Seed} ./test --only simulation";
    }
}
