namespace Barnabas.Simulation.Faults;

/// <summary>The simulated process has ended here: nothing of it may act any more. Not a fault that production code may handle.</summary>
internal sealed class SimCrashException(string where) : Exception($"the simulated process ended in {where}");
