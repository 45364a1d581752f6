using Barnabas.Base;
using Barnabas.Simulation.Checkers;
using Barnabas.Simulation.Runs;
using Xunit.Abstractions;

namespace Barnabas.Simulation.Replicas;

/// <summary>A partition with three replicas under seeded histories, and the bugs of replication that they find.</summary>
public sealed class ClusterTests(ITestOutputHelper output)
{
    private const int SeedsMax = 60;
    private const int StepsMin = 10_000;
    private static readonly SeedRange Range = new(nameof(ClusterTests), share: 25);

    private static readonly string[] Kinds =
    [
        "disk error", "election", "follower's cut", "link cut", "pause", "power cut", "process death", "records deleted",
    ];

    public static TheoryData<string> Bugs =>
    [
        .. Enum.GetNames<ClusterBug>().Where(name => name is not (nameof(ClusterBug.None) or nameof(ClusterBug.FollowerEpochNotChecked))),
    ];

    [Fact]
    public void The_first_seeds_of_three_replicas_keep_every_promise() => Judge(Range.Quick);

    [Fact]
    [Trait("Category", "Slow")]
    public void Every_seed_of_three_replicas_keeps_every_promise() => Judge(Range.Later);

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void A_seed_of_three_replicas_is_the_same_history_every_time(ulong seed)
    {
        var first = Run(seed);
        var second = Run(seed);
        Assert.Equal((first.Hash, first.Summary), (second.Hash, second.Summary));
    }

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

    private void Judge(IEnumerable<ulong> seeds) =>
        SeedRange.CheckFloors(Range.Run(seeds, seed => Run(seed), output), StepsMin, Kinds);

    private static SeedResult Run(ulong seed, ClusterBug bug = ClusterBug.None)
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
                + $"{world.Controller.Elections} elections; {world.Faults.Counts}";
        var lines = error is null ? "" : $"\n  {string.Join("\n  ", world?.Trace.Lines ?? [])}";
        return new SeedResult(
            seed, "three replicas", error is null ? null : error + lines, summary, world?.Trace.Hash ?? 0, world?.Steps ?? 0,
            world?.Faults.Counts.Kinds ?? new Dictionary<string, int>());
    }
}
