using Barnabas.Simulation.Faults;
using Barnabas.Simulation.Runs;
using Xunit.Abstractions;

namespace Barnabas.Simulation;

/// <summary>Bugs that are planted are found: a campaign that finds nothing proves something only if it could have.</summary>
public sealed class PlantedBugTests(ITestOutputHelper output)
{
    private const int SeedsMax = 60;

    public static TheoryData<string, string> Bugs => new()
    {
        { nameof(PlantedBug.AcknowledgedBeforeHighWatermark), "leaders" },
        { nameof(PlantedBug.AcknowledgedBeforeFlush), "power" },
        { nameof(PlantedBug.LostWakeUp), "waits" },
        { nameof(PlantedBug.SegmentSyncSkipped), "power" },
        { nameof(PlantedBug.DirectorySyncSkipped), "power" },
        { nameof(PlantedBug.ViewBeforeWrite), "waits" },
        { nameof(PlantedBug.VoteNotSynced), "power" },
        { nameof(PlantedBug.MetadataSyncSkipped), "power" },
        { nameof(PlantedBug.TruncationMidBatch), "leaders" },
        { nameof(PlantedBug.CleanFlagEarly), "stops" },
        { nameof(PlantedBug.CheckpointBeforeFlush), "power" },
    };

    [Theory, MemberData(nameof(Bugs))]
    public void A_planted_bug_is_found(string bug, string scenario)
    {
        for (ulong seed = 0; seed < SeedsMax; seed++)
        {
            if (Campaign.Run(seed, Scenario.Of(scenario), Enum.Parse<PlantedBug>(bug)).Error is { } error)
            {
                output.WriteLine($"{bug}: found by seed {seed} of {scenario}: {error.Split('\n')[0]}");
                return;
            }
        }

        Assert.Fail($"{bug} was not found by {SeedsMax} seeds of {scenario}");
    }
}
