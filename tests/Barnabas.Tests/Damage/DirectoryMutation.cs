using System.Text;

namespace Barnabas.Tests.Damage;

/// <summary>Files that a mutation changed: which bytes of each may be anything now. Owned by one round of a test.</summary>
internal sealed class TouchedFiles
{
    private readonly Dictionary<string, List<(long From, long To)>> _ranges = new(StringComparer.Ordinal);

    public IEnumerable<string> Paths => _ranges.Keys;

    /// <summary>Files that hold another file's bytes.</summary>
    public HashSet<string> Replaced { get; } = [];

    public void Add(string path, long from, long to)
    {
        _ranges.TryAdd(path, []);
        _ranges[path].Add((from, to));
    }

    public bool Contains(string path) => _ranges.ContainsKey(path);

    /// <summary>True when bytes in [<paramref name="from"/>, <paramref name="to"/>) of the file may be wrong.</summary>
    public bool Overlaps(string path, long from, long to) =>
        _ranges.TryGetValue(path, out var ranges) && ranges.Exists(range => range.From < to && from < range.To);
}

/// <summary>
/// One seeded change to the files of a data directory: bits flipped, cut, zeroed, swapped, replaced by a foreign file, deleted, extended.
/// Every kind of file has the same chance, however many there are. Used once.
/// </summary>
internal sealed class DirectoryMutation(WrittenDirectory written, MemoryDisk disk, Random random)
{
    private readonly List<string> _told = [];

    public TouchedFiles Touched { get; } = new();

    /// <summary>What was done.</summary>
    public override string ToString() => string.Join("; ", _told);

    /// <summary>The kind of a file: what its name says it holds.</summary>
    public static string KindOf(string path)
    {
        var name = Path.GetFileName(path);
        var folder = Path.GetFileName(Path.GetDirectoryName(path))!;
        var place = folder == "__cluster_metadata-0" ? "metadata" : folder.StartsWith("__", StringComparison.Ordinal) ? "internal" : "";
        return char.IsDigit(name[0]) ? $"{place}{Path.GetExtension(name)}" : name;
    }

    /// <summary>Changes one file, now and then two or three.</summary>
    public DirectoryMutation Apply()
    {
        for (var count = random.Next(10) switch { < 7 => 1, < 9 => 2, _ => 3 }; count > 0; count--)
        {
            Change(Pick());
        }

        return this;
    }

    private string Pick()
    {
        while (true)
        {
            var kind = written.Kinds[random.Next(written.Kinds.Length)];
            var path = kind[random.Next(kind.Length)];
            if (disk.FileExists(path))
            {
                return path;
            }
        }
    }

    private void Change(string path)
    {
        var bytes = disk.Get(path);
        switch (random.Next(bytes.Length == 0 ? 3 : 8))
        {
            case 0:
                Delete(path, bytes);
                break;
            case 1:
                Replace(path, bytes);
                break;
            case 2:
                Extend(path, bytes);
                break;
            case 3:
                Swap(path, bytes);
                break;
            case 4:
                var length = random.Next(bytes.Length);
                disk.Put(path, bytes[..length]);
                Tell($"cut {path} to {length} bytes");
                Touched.Add(path, length, long.MaxValue);
                break;
            case 5:
                Overwrite(path, bytes, isRandom: false);
                break;
            case 6:
                Overwrite(path, bytes, isRandom: true);
                break;
            default:
                Flip(path, bytes);
                break;
        }
    }

    private void Delete(string path, byte[] bytes)
    {
        disk.Delete(path);
        Tell($"deleted {path}");
        Touched.Add(path, 0, bytes.Length + 1);
    }

    private void Replace(string path, byte[] bytes)
    {
        var foreign = random.Next(3) switch
        {
            0 => Encoding.ASCII.GetBytes("Dear Milena,\nthis is no file of yours.\n"),
            1 => disk.Get(Pick()),
            _ => RandomBytes(random.Next(5000)),
        };
        disk.Put(path, foreign);
        Tell($"replaced {path} by {foreign.Length} foreign bytes");
        Touched.Replaced.Add(path);
        Touched.Add(path, 0, Math.Max(bytes.Length, foreign.Length) + 1);
    }

    private void Extend(string path, byte[] bytes)
    {
        var tail = random.Next(2) == 0 ? new byte[random.Next(1, 5000)] : RandomBytes(random.Next(1, 300));
        disk.Put(path, [.. bytes, .. tail]);
        Tell($"extended {path} by {tail.Length} bytes");
        Touched.Add(path, bytes.Length, long.MaxValue);
    }

    private void Swap(string path, byte[] bytes)
    {
        // With one of its own kind, or with any.
        var alike = written.Kinds.First(kind => kind.Contains(path));
        var other = alike[random.Next(alike.Length)];
        other = random.Next(2) == 0 && disk.FileExists(other) ? other : Pick();
        var others = disk.Get(other);
        disk.Put(path, others);
        disk.Put(other, bytes);
        Tell($"swapped {path} and {other}");
        Touched.Replaced.UnionWith([path, other]);
        Touched.Add(path, 0, Math.Max(bytes.Length, others.Length) + 1);
        Touched.Add(other, 0, Math.Max(bytes.Length, others.Length) + 1);
    }

    private void Overwrite(string path, byte[] bytes, bool isRandom)
    {
        var from = random.Next(bytes.Length);
        var count = random.Next(3) == 0 ? bytes.Length - from : random.Next(1, Math.Min(200, bytes.Length - from) + 1);
        if (isRandom)
        {
            random.NextBytes(bytes.AsSpan(from, count));
        }
        else
        {
            bytes.AsSpan(from, count).Clear();
        }

        disk.Put(path, bytes);
        Tell($"{(isRandom ? "random bytes" : "zeros")} in {path} from {from} to {from + count}");
        Touched.Add(path, from, from + count);
    }

    private void Flip(string path, byte[] bytes)
    {
        for (var count = random.Next(1, 4); count > 0; count--)
        {
            var at = random.Next(bytes.Length);
            bytes[at] ^= (byte)(1 << random.Next(8));
            Tell($"flipped a bit of byte {at} of {path}");
            Touched.Add(path, at, at + 1);
        }

        disk.Put(path, bytes);
    }

    private byte[] RandomBytes(int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private void Tell(string text) => _told.Add(text);
}
