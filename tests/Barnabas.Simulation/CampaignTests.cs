using Barnabas.Simulation.Runs;
using Xunit.Abstractions;

namespace Barnabas.Simulation;

/// <summary>
/// The node under seeded histories. <c>BARNABAS_SIM_SEEDS</c> says how many, <c>BARNABAS_SIM_SEED</c> runs that one alone.
/// </summary>
public sealed class CampaignTests(ITestOutputHelper output)
{
    private const int SeedsDefault = 400;

    [Fact]
    public void Every_seed_keeps_every_promise()
    {
        var only = Campaign.Setting("BARNABAS_SIM_SEED", -1);
        var count = (int)Campaign.Setting("BARNABAS_SIM_SEEDS", SeedsDefault);
        var seeds = only >= 0 ? [only] : Enumerable.Range(0, count).Select(seed => (long)seed);
        var results = seeds.AsParallel().AsOrdered().WithDegreeOfParallelism(2).Select(seed => Campaign.Run((ulong)seed)).ToList();
        foreach (var result in results)
        {
            output.WriteLine($"seed {result.Seed} ({result.Scenario}): {result.Summary}");
        }

        var failed = results.Where(result => result.Error is not null).ToList();
        Assert.True(
            failed.Count == 0,
            $"{failed.Count} of {results.Count} seeds failed; the first again: {failed.FirstOrDefault()?.Replay}\n"
            + string.Join("\n", failed.Take(5).Select(f => $"seed {f.Seed} ({f.Scenario}): {f.Error}\n  {f.Summary}"))
            + $"\nall failed seeds: {string.Join(' ', failed.Select(f => f.Seed))}");
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    public void A_seed_is_the_same_history_every_time(ulong seed)
    {
        var first = Campaign.Run(seed);
        var second = Campaign.Run(seed);
        Assert.Equal((first.Hash, first.Summary), (second.Hash, second.Summary));
    }
}
