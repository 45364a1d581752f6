using Barnabas.Shared;
using Barnabas.Simulation.Faults;
using Barnabas.Simulation.Runs;
using Xunit.Abstractions;

namespace Barnabas.Simulation;

/// <summary>Bugs of coordinators that are planted are found: see <see cref="PlantedBugTests"/>.</summary>
public sealed class CoordinatorBugTests(ITestOutputHelper output)
{
    private const int SeedsMax = 60;

    /// <summary>Each bug, the scenario that finds it, and the first of its seeds that does.</summary>
    private static readonly (CoordinatorBug Bug, string Scenario, int Seed)[] Table =
    [
        (CoordinatorBug.DecisionNotAwaited, "exactly-once", 5),
        (CoordinatorBug.CommitNotAwaited, "members", 1),
        (CoordinatorBug.MarkerSkipped, "exactly-once", 0),
        (CoordinatorBug.PreparedForgotten, "exactly-once", 0),
        (CoordinatorBug.EpochNotRaised, "exactly-once", 0),
        (CoordinatorBug.DeadlineKept, "exactly-once", 38),
        (CoordinatorBug.EndTakenForDone, "exactly-once", 3),
        (CoordinatorBug.BeginNotLogged, "exactly-once", 0),
        (CoordinatorBug.PendingOffsetVisible, "exactly-once", 3),
        (CoordinatorBug.OldCommitTaken, "members", 49),
        (CoordinatorBug.AssignedBeforeRevoked, "members", 0),
        (CoordinatorBug.SessionsNotStarted, "members", 1),
        (CoordinatorBug.WorkLostInUpgrade, "migration", 1),
        (CoordinatorBug.ClassicMemberNotAwaited, "migration", 0),
        (CoordinatorBug.GenerationsBegunAnew, "migration", 0),
        (CoordinatorBug.ProducerIdKept, "exactly-once-epochs", 0),
    ];

    public static TheoryData<string> Bugs => [.. Table.Select(row => $"{row.Bug}")];

    /// <summary>By the seed that the page names; where the program has changed since, by one of those behind it.</summary>
    [Theory, MemberData(nameof(Bugs))]
    public void A_planted_bug_of_coordinators_is_found(string bug)
    {
        var row = Array.Find(Table, row => $"{row.Bug}" == bug);
        for (var seed = row.Seed; seed < row.Seed + SeedsMax; seed++)
        {
            if (Campaign.Run((ulong)seed, Scenario.Of(row.Scenario), PlantedBug.None, row.Bug).Error is { } error)
            {
                output.WriteLine($"{bug}: found by seed {seed} of {row.Scenario}, {row.Seed} is named: {error.Split('\n')[0]}");
                return;
            }
        }

        Assert.Fail($"{bug} was not found by {SeedsMax} seeds of {row.Scenario} from {row.Seed} on");
    }

    [Fact]
    public void The_page_names_every_planted_bug_of_coordinators_and_the_seed_that_finds_it()
    {
        var page = File.ReadAllLines(Checkout.At("docs/internals/simulation.md"));
        Assert.Equal(Enum.GetValues<CoordinatorBug>().Except([CoordinatorBug.None]).Order(), Table.Select(row => row.Bug).Order());
        foreach (var (bug, scenario, seed) in Table)
        {
            Assert.Single(page, line => line.EndsWith($"| `{bug}` | {scenario}, seed {seed} |", StringComparison.Ordinal));
        }
    }
}
