namespace Barnabas.Simulation.Checkers;

/// <summary>A promise was broken; ends the run of the seed.</summary>
internal sealed class ViolationException(string message) : Exception(message)
{
    /// <summary>Ends the run when a promise does not hold.</summary>
    public static void Unless(bool holds, FormattableString promise)
    {
        if (!holds)
        {
            throw new ViolationException(FormattableString.Invariant(promise));
        }
    }
}
