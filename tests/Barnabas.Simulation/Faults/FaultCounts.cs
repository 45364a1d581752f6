namespace Barnabas.Simulation.Faults;

/// <summary>How often each kind of fault came, and of turn in a history that has to come as often. Owned by the world.</summary>
internal sealed class FaultCounts
{
    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);

    public int Total { get; private set; }

    /// <summary>Each kind that came, and how often.</summary>
    public IReadOnlyDictionary<string, int> Kinds => _counts;

    /// <summary>True once that kind has come.</summary>
    public bool Has(string kind) => _counts.ContainsKey(kind);

    public void Add(string kind)
    {
        _counts[kind] = _counts.GetValueOrDefault(kind) + 1;
        Total++;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", _counts.Select(count => $"{count.Key} {count.Value}"));
}
