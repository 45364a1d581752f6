using Barnabas.Base;
using Barnabas.Simulation.Checkers;
using Barnabas.Simulation.Faults;

namespace Barnabas.Simulation.Runs;

/// <summary>What came of one seed.</summary>
/// <param name="Seed">The seed; with the scenario it is the whole history.</param>
/// <param name="Scenario">Name of the scenario.</param>
/// <param name="Error">What was wrong, or null.</param>
/// <param name="Summary">Steps, work and faults by kind.</param>
/// <param name="Hash">Of everything that happened.</param>
/// <param name="Steps">How many.</param>
/// <param name="Faults">By kind.</param>
internal sealed record SeedResult(
    ulong Seed, string Scenario, string? Error, string Summary, ulong Hash, long Steps, IReadOnlyDictionary<string, int> Faults);

/// <summary>Runs seeds. Stateless.</summary>
internal static class Campaign
{
    /// <summary>Runs one seed; its scenario follows from it unless one is given.</summary>
    public static SeedResult Run(
        ulong seed, Scenario? scenario = null, PlantedBug bug = PlantedBug.None, CoordinatorBug coordinatorBug = CoordinatorBug.None)
    {
        // A failed check ends the history, not the process.
        Check.OnFailure = _ => { };
        scenario ??= Scenario.All[(int)(seed % (ulong)Scenario.All.Count)];
        SimWorld? world = null;
        try
        {
            world = new SimWorld(seed, scenario, bug, coordinatorBug);
            world.Run();
            var isTooLittle = bug == PlantedBug.None && coordinatorBug == CoordinatorBug.None && !world.HasProvedEnough;
            return Result(seed, world, scenario, isTooLittle ? $"too little happened\n  {string.Join("\n  ", world.Trace.Lines)}" : null);
        }
        catch (Exception e)
        {
            var trace = world is null ? [] : world.Trace.Lines;
            var what = e is ViolationException ? e.Message : $"{e.GetType().Name}: {e}";
            return Result(seed, world, scenario, $"{what}\n  {string.Join("\n  ", trace)}");
        }
    }

    private static SeedResult Result(ulong seed, SimWorld? world, Scenario scenario, string? error)
    {
        var summary = world is null
            ? "nothing ran"
            : $"{world.Steps} steps, {world.Loops.Turns} turns, {world.Disk.Operations} disk operations, "
                + $"{world.Acknowledged} acknowledgements, {world.Fetched} fetches; {world.Faults}";
        return new SeedResult(
            seed, scenario.Name, error, summary, world?.Trace.Hash ?? 0, world?.Steps ?? 0,
            world?.Faults.Kinds ?? new Dictionary<string, int>());
    }
}
