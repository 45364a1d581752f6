using Barnabas.Simulation.Faults;
using Barnabas.Simulation.Runs;
using Xunit.Abstractions;

namespace Barnabas.Simulation;

/// <summary>The coordinators of transactions and groups under seeded histories: see <see cref="SeedRange"/>.</summary>
public sealed class CoordinatorTests(ITestOutputHelper output)
{
    private const int StepsMin = 2_300;
    private static readonly SeedRange Range = new(nameof(CoordinatorTests), share: 100, quickSeeds: 20);

    private static readonly string[] Kinds =
    [
        "clean stop", "clock jump", "connection broken", "leader change", "live group became classic", "live group became consumer",
        "power cut", "process death", "producer id used up", "request delayed", "request repeated", "slow disk",
    ];

    [Fact]
    public void The_first_seeds_of_coordinators_keep_every_promise() => Judge(Range.Quick);

    [Fact]
    [Trait("Category", "Slow")]
    public void Every_seed_of_coordinators_keeps_every_promise() => Judge(Range.Later);

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void A_seed_of_coordinators_is_the_same_history_every_time(ulong seed)
    {
        var first = Run(seed);
        var second = Run(seed);
        Assert.Equal((first.Hash, first.Summary), (second.Hash, second.Summary));
    }

    private static SeedResult Run(ulong seed) =>
        Campaign.Run(seed, Scenario.OfCoordinators[(int)(seed % (ulong)Scenario.OfCoordinators.Count)]);

    private void Judge(IEnumerable<ulong> seeds) => SeedRange.CheckFloors(Range.Run(seeds, Run, output), StepsMin, Kinds);
}
