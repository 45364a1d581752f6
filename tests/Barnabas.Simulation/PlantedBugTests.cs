using Barnabas.Shared;
using Barnabas.Simulation.Faults;
using Barnabas.Simulation.Runs;
using Xunit.Abstractions;

namespace Barnabas.Simulation;

/// <summary>Bugs that are planted are found: a campaign that finds nothing proves something only if it could have.</summary>
public sealed class PlantedBugTests(ITestOutputHelper output)
{
    private const int SeedsMax = 60;

    /// <summary>Each bug, the scenario that finds it, and the first of its seeds that does.</summary>
    private static readonly (PlantedBug Bug, string Scenario, int Seed)[] Table =
    [
        (PlantedBug.AcknowledgedBeforeHighWatermark, "leaders", 0),
        (PlantedBug.AcknowledgedBeforeFlush, "power", 0),
        (PlantedBug.LostWakeUp, "waits", 0),
        (PlantedBug.SegmentSyncSkipped, "power", 0),
        (PlantedBug.DirectorySyncSkipped, "power", 1),
        (PlantedBug.ViewBeforeWrite, "waits", 0),
        (PlantedBug.VoteNotSynced, "power", 1),
        (PlantedBug.MetadataSyncSkipped, "power", 0),
        (PlantedBug.IndexOneOff, "stops", 11),
        (PlantedBug.ProducerStateLostAtRoll, "stops", 0),
        (PlantedBug.TruncationMidBatch, "leaders", 2),
        (PlantedBug.CleanFlagEarly, "stops", 0),
        (PlantedBug.CheckpointBeforeFlush, "power", 0),
        (PlantedBug.SwapBeforeSync, "compaction", 1),
        (PlantedBug.TombstoneDroppedEarly, "compaction", 4),
        (PlantedBug.StableOffsetTooHigh, "transactions", 0),
        (PlantedBug.RetentionPastOpenTransaction, "transactions", 13),
    ];

    public static TheoryData<string> Bugs => [.. Table.Select(row => $"{row.Bug}")];

    /// <summary>By the seed that the page names; where the program has changed since, by one of those behind it.</summary>
    [Theory, MemberData(nameof(Bugs))]
    public void A_planted_bug_is_found(string bug)
    {
        var row = Array.Find(Table, row => $"{row.Bug}" == bug);
        for (var seed = row.Seed; seed < row.Seed + SeedsMax; seed++)
        {
            if (Campaign.Run((ulong)seed, Scenario.Of(row.Scenario), row.Bug).Error is { } error)
            {
                output.WriteLine($"{bug}: found by seed {seed} of {row.Scenario}, {row.Seed} is named: {error.Split('\n')[0]}");
                return;
            }
        }

        Assert.Fail($"{bug} was not found by {SeedsMax} seeds of {row.Scenario} from {row.Seed} on");
    }

    [Fact]
    public void The_page_names_every_planted_bug_and_the_seed_that_finds_it()
    {
        var page = File.ReadAllLines(Checkout.At("docs/internals/simulation.md"));
        Assert.Equal(Enum.GetValues<PlantedBug>().Except([PlantedBug.None]).Order(), Table.Select(row => row.Bug).Order());
        foreach (var (bug, scenario, seed) in Table)
        {
            Assert.Single(page, line => line.EndsWith($"| `{bug}` | {scenario}, seed {seed} |", StringComparison.Ordinal));
        }
    }
}
