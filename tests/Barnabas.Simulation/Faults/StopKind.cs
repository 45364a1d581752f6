namespace Barnabas.Simulation.Faults;

/// <summary>How a simulated process ends.</summary>
internal enum StopKind
{
    /// <summary>It is told to stop, and stops.</summary>
    Clean,

    /// <summary>It dies; what it wrote stays in the page cache.</summary>
    ProcessDeath,

    /// <summary>The machine loses its power; what was not synced may be gone.</summary>
    PowerCut,
}
