namespace Barnabas.Simulation.Seams;

/// <summary>
/// What happened, as a hash of all of it and as the last lines in words: two runs of one seed have the same hash. Owned by the world.
/// </summary>
internal sealed class Trace
{
    private const int LinesKept = 300;
    private readonly Queue<string> _lines = new();

    /// <summary>FNV-1a over everything noted so far.</summary>
    public ulong Hash { get; private set; } = 14695981039346656037;

    /// <summary>The last lines, oldest first.</summary>
    public IEnumerable<string> Lines => _lines;

    /// <summary>Notes something that happens often: only the hash remembers it.</summary>
    public void Note(string what, long number)
    {
        foreach (var letter in what)
        {
            Add(letter);
        }

        Add((ulong)number);
    }

    /// <summary>Notes something that a reader of a failure wants to see.</summary>
    public void Say(long nowUs, string line)
    {
        Note(line, nowUs);
        _lines.Enqueue($"{nowUs / 1000.0,12:F3} ms  {line}");
        if (_lines.Count > LinesKept)
        {
            _lines.Dequeue();
        }
    }

    private void Add(ulong value) => Hash = (Hash ^ value) * 1099511628211;
}
