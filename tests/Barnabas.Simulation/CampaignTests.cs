using Barnabas.Simulation.Runs;
using Xunit.Abstractions;

namespace Barnabas.Simulation;

/// <summary>The node under seeded histories: see <see cref="SeedRange"/>.</summary>
public sealed class CampaignTests(ITestOutputHelper output)
{
    private const int StepsMin = 3_000;
    private static readonly SeedRange Range = new(nameof(CampaignTests), share: 75);

    private static readonly string[] Kinds =
    [
        "clean stop", "clock jump", "connection broken", "disk error", "leader change", "power cut", "process death", "slow disk",
    ];

    [Fact]
    public void The_first_seeds_keep_every_promise() => Judge(Range.Quick);

    [Fact]
    [Trait("Category", "Slow")]
    public void Every_seed_keeps_every_promise() => Judge(Range.Later);

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    public void A_seed_is_the_same_history_every_time(ulong seed)
    {
        var first = Campaign.Run(seed);
        var second = Campaign.Run(seed);
        Assert.Equal((first.Hash, first.Summary), (second.Hash, second.Summary));
    }

    private void Judge(IEnumerable<ulong> seeds) =>
        SeedRange.CheckFloors(Range.Run(seeds, seed => Campaign.Run(seed), output), StepsMin, Kinds);
}
