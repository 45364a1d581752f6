using Barnabas.Base.Seams;

namespace Barnabas.Simulation.Seams;

/// <summary>What a directory entry leads to.</summary>
internal abstract class SimEntry
{
    /// <summary>Puts it on the platters with all below it.</summary>
    public abstract void SyncAll();

}

/// <summary>
/// The bytes of a file: as every process sees them, and as they are on the platters, with the changes in between in their order.
/// </summary>
internal sealed class SimInode : SimEntry
{
    private readonly List<Change> _unsynced = [];
    private byte[] _bytes = [];
    private byte[] _durable = [];
    private int _length;

    public int Length => _length;

    public long ModifiedMs { get; set; }

    public int Read(Span<byte> buffer, long position)
    {
        var count = (int)Math.Clamp(_length - position, 0, buffer.Length);
        _bytes.AsSpan((int)Math.Min(position, _length), count).CopyTo(buffer);
        return count;
    }

    public void Write(ReadOnlySpan<byte> bytes, long position, long number)
    {
        _unsynced.Add(new Change(number, (int)position, bytes.ToArray()));
        Apply(ref _bytes, ref _length, _unsynced[^1], bytes.Length);
    }

    public void Truncate(long length, long number)
    {
        _unsynced.Add(new Change(number, (int)length, null));
        Apply(ref _bytes, ref _length, _unsynced[^1], 0);
    }

    public void Sync()
    {
        if (_unsynced.Count > 0)
        {
            _durable = _bytes.AsSpan(0, _length).ToArray();
            _unsynced.Clear();
        }
    }

    /// <inheritdoc/>
    public override void SyncAll() => Sync();

    /// <summary>Adds the numbers of the changes that are not on the platters.</summary>
    public void AddUnsynced(List<long> numbers) => numbers.AddRange(_unsynced.Select(change => change.Number));

    /// <summary>Falls back to what a power cut left: the changes before a number, and perhaps a part of that one.</summary>
    public void CutPower(long cut, Randomness disk)
    {
        var bytes = _durable.AsSpan().ToArray();
        var length = bytes.Length;
        foreach (var change in _unsynced)
        {
            if (change.Number < cut)
            {
                Apply(ref bytes, ref length, change, change.Bytes?.Length ?? 0);
            }
            else if (change.Number == cut && change.Bytes is { Length: > 0 })
            {
                Tear(ref bytes, ref length, change, disk);
            }
        }

        _bytes = bytes;
        _length = length;
        _durable = bytes.AsSpan(0, length).ToArray();
        _unsynced.Clear();
    }

    // The last write may be there in part, and the length of the file may have grown to its end with zeros where the rest belongs.
    private static void Tear(ref byte[] bytes, ref int length, Change change, Randomness disk)
    {
        Apply(ref bytes, ref length, change, disk.Next(change.Bytes!.Length));
        if (disk.Chance(0.3))
        {
            Apply(ref bytes, ref length, new Change(0, Math.Max(length, change.Position + change.Bytes.Length), null), 0);
        }
    }

    private static void Apply(ref byte[] bytes, ref int length, Change change, int count)
    {
        if (change.Bytes is null)
        {
            Resize(ref bytes, ref length, change.Position);
            return;
        }

        if (count > 0)
        {
            Resize(ref bytes, ref length, Math.Max(length, change.Position + count));
            change.Bytes.AsSpan(0, count).CopyTo(bytes.AsSpan(change.Position));
        }
    }

    private static void Resize(ref byte[] bytes, ref int length, int to)
    {
        if (to > bytes.Length)
        {
            Array.Resize(ref bytes, Math.Max(to, bytes.Length * 2));
        }

        if (to < length)
        {
            bytes.AsSpan(to, length - to).Clear();
        }

        length = to;
    }

    /// <summary>Bytes written at a position, or a new length where there are none; numbered over the whole disk.</summary>
    private readonly record struct Change(long Number, int Position, byte[]? Bytes);
}

/// <summary>The entries of a directory, as every process sees them and as they are on the platters.</summary>
internal sealed class SimFolder : SimEntry
{
    private readonly List<(string Name, SimEntry? Node, string? From)> _unsynced = [];
    private SortedDictionary<string, SimEntry> _entries = new(StringComparer.Ordinal);
    private SortedDictionary<string, SimEntry> _durable = new(StringComparer.Ordinal);

    public IEnumerable<KeyValuePair<string, SimEntry>> Entries => _entries;

    public SimEntry? Find(string name) => _entries.GetValueOrDefault(name);

    /// <summary>Adds an entry or puts another in its place; null takes it out.</summary>
    public void Set(string name, SimEntry? node) => Do((name, node, null));

    /// <summary>Gives an entry another name, in place of what had it.</summary>
    public void Rename(string from, string to) => Do((to, _entries[from], from));

    public void Sync()
    {
        if (_unsynced.Count > 0)
        {
            _durable = new SortedDictionary<string, SimEntry>(_entries, StringComparer.Ordinal);
            _unsynced.Clear();
        }
    }

    /// <inheritdoc/>
    public override void SyncAll()
    {
        Sync();
        foreach (var (_, node) in _entries)
        {
            node.SyncAll();
        }
    }

    /// <summary>
    /// Falls back to what a power cut left: the first changes of the directory, and in its files the first of what was written, over all
    /// of them in its order, for a disk that loses an earlier write of a log and keeps a later one leaves what no recovery can tell from
    /// rot.
    /// </summary>
    public void CutPower(Randomness disk)
    {
        var kept = disk.Next(_unsynced.Count + 1);
        foreach (var change in _unsynced.Take(kept))
        {
            Apply(_durable, change);
        }

        _unsynced.Clear();
        _entries = new SortedDictionary<string, SimEntry>(_durable, StringComparer.Ordinal);
        var numbers = new List<long>();
        var files = _entries.Values.OfType<SimInode>().ToList();
        files.ForEach(file => file.AddUnsynced(numbers));
        numbers.Sort();
        var at = disk.Next(numbers.Count + 1);
        files.ForEach(file => file.CutPower(at < numbers.Count ? numbers[at] : long.MaxValue, disk));
        foreach (var folder in _entries.Values.OfType<SimFolder>())
        {
            folder.CutPower(disk);
        }
    }

    private void Do((string Name, SimEntry? Node, string? From) change)
    {
        _unsynced.Add(change);
        Apply(_entries, change);
    }

    private static void Apply(SortedDictionary<string, SimEntry> entries, (string Name, SimEntry? Node, string? From) change)
    {
        if (change.From is not null)
        {
            entries.Remove(change.From);
        }

        if (change.Node is null)
        {
            entries.Remove(change.Name);
        }
        else
        {
            entries[change.Name] = change.Node;
        }
    }
}
