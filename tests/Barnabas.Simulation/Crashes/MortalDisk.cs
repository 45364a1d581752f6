using Barnabas.Base.Seams;
using Barnabas.Simulation.Faults;
using Barnabas.Simulation.Seams;

namespace Barnabas.Simulation.Crashes;

/// <summary>A simulated disk whose machine dies before one of its operations. Stateless.</summary>
internal static class MortalDisk
{
    /// <summary>An empty disk.</summary>
    public static SimDisk New(ulong seed) => new(new SimClock(), new Randomness(seed));

    /// <summary>Runs a life on the disk; true when it died before that operation, and the disk has come back.</summary>
    public static bool Dies(SimDisk disk, long operation, bool isPowerCut, Action life)
    {
        disk.DiesAtOperation = operation;
        try
        {
            life();
            return false;
        }
        catch (SimCrashException)
        {
            disk.Restart(isPowerCut);
            return true;
        }
        finally
        {
            disk.DiesAtOperation = long.MaxValue;
        }
    }
}
