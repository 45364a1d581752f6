namespace Barnabas.Histories.Model;

/// <summary>Something that the semantics do not allow.</summary>
/// <param name="Kind">The check that found it.</param>
/// <param name="Text">What was found, with everything that is needed to look it up in the history.</param>
public sealed record Anomaly(string Kind, string Text)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Kind}: {Text}";
}
