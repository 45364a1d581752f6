namespace Barnabas.Histories.Model;

/// <summary>All records of one partition in one isolation level, read after everything had come to an end. Immutable.</summary>
public sealed class FinalLog
{
    private readonly Dictionary<long, string> _values;
    private readonly long[] _offsets;

    /// <summary>The log of a final reading.</summary>
    public FinalLog(Entry reading)
    {
        Position = reading.Offset;
        End = reading.End;
        Records = reading.Records;
        _values = reading.Records.DistinctBy(seen => seen.Offset).ToDictionary(seen => seen.Offset, seen => seen.Value);
        _offsets = [.. _values.Keys.Order()];
    }

    /// <summary>The position to which the reader came.</summary>
    public long Position { get; }

    /// <summary>The end of the log, decided or not.</summary>
    public long End { get; }

    /// <summary>The records in the order in which they were read.</summary>
    public IReadOnlyList<Seen> Records { get; }

    /// <summary>The record at an offset, or null.</summary>
    public string? At(long offset) => _values.GetValueOrDefault(offset);

    /// <summary>The first offset of a record from <paramref name="from"/> on and below <paramref name="to"/>, or -1.</summary>
    public long First(long from, long to)
    {
        var index = Array.BinarySearch(_offsets, from);
        index = index < 0 ? ~index : index;
        return index < _offsets.Length && _offsets[index] < to ? _offsets[index] : -1;
    }
}
