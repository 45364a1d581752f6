using Barnabas.Base.Seams;

namespace Barnabas.Tests.Damage;

/// <summary>
/// Files in memory, copied in no time: a copy shares the bytes until one side writes them. Nothing is lost at a crash. Owned by one thread
/// at a time.
/// </summary>
internal sealed class MemoryDisk : IDisk
{
    private readonly Dictionary<string, SortedDictionary<string, Node>> _folders = new(StringComparer.Ordinal);
    private readonly HashSet<string> _locks = [];

    /// <summary>Paths of all files, in order.</summary>
    public IEnumerable<string> Files => _folders.OrderBy(folder => folder.Key, StringComparer.Ordinal)
        .SelectMany(folder => folder.Value.Keys.Select(name => Path.Join(folder.Key, name)));

    /// <summary>All files below a folder of the real disk, under their paths relative to it.</summary>
    public static MemoryDisk Load(string folder, string mountedAt)
    {
        var disk = new MemoryDisk();
        disk.CreateDirectory(mountedAt);
        foreach (var path in Directory.EnumerateDirectories(folder, "*", SearchOption.AllDirectories))
        {
            disk.CreateDirectory(Path.Join(mountedAt, Path.GetRelativePath(folder, path)));
        }

        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            disk.Put(Path.Join(mountedAt, Path.GetRelativePath(folder, path)), File.ReadAllBytes(path));
        }

        return disk;
    }

    public MemoryDisk Copy()
    {
        var copy = new MemoryDisk();
        foreach (var (folder, files) in _folders)
        {
            var copied = copy._folders[folder] = new SortedDictionary<string, Node>(StringComparer.Ordinal);
            foreach (var (name, node) in files)
            {
                node.IsShared = true;
                copied.Add(name, new Node { Bytes = node.Bytes, Length = node.Length, IsShared = true });
            }
        }

        return copy;
    }

    /// <summary>Writes all files to the real disk, under their own paths.</summary>
    public void Store()
    {
        foreach (var (folder, files) in _folders)
        {
            Directory.CreateDirectory(folder);
            foreach (var (name, node) in files)
            {
                File.WriteAllBytes(Path.Join(folder, name), node.Bytes.AsSpan(0, node.Length));
            }
        }
    }

    public byte[] Get(string path) => Find(path) is { } node
        ? node.Bytes[..node.Length]
        : throw new FileNotFoundException($"open {path}: no such file", path);

    public void Put(string path, byte[] bytes) => FolderOf(path)[Path.GetFileName(path)] =
        new Node { Bytes = bytes, Length = bytes.Length, IsShared = true };

    /// <inheritdoc/>
    public IDiskFile Open(string path, FileOpen mode)
    {
        if (_folders.ContainsKey(path))
        {
            throw new IOException($"open {path}: is a directory");
        }

        if (Find(path) is not { } node)
        {
            if (mode is FileOpen.Read or FileOpen.ReadWrite)
            {
                throw new FileNotFoundException($"open {path}: no such file", path);
            }

            FolderOf(path)[Path.GetFileName(path)] = node = new Node();
        }
        else if (mode == FileOpen.CreateOrTruncate)
        {
            node.Resize(0);
        }

        return new OpenFile(path, node);
    }

    /// <inheritdoc/>
    public bool FileExists(string path) => Find(path) is not null;

    /// <inheritdoc/>
    public bool DirectoryExists(string path) => _folders.ContainsKey(path);

    /// <inheritdoc/>
    public void CreateDirectory(string path) => _folders.TryAdd(path, new SortedDictionary<string, Node>(StringComparer.Ordinal));

    /// <inheritdoc/>
    public IReadOnlyList<DiskEntry> List(string path)
    {
        var entries = FolderAt(path).Select(file => new DiskEntry(file.Key, false, file.Value.Length, 0)).ToList();
        var below = path + "/";
        foreach (var folder in _folders.Keys)
        {
            if (folder.StartsWith(below, StringComparison.Ordinal) && !folder.AsSpan(below.Length).Contains('/'))
            {
                entries.Add(new DiskEntry(folder[below.Length..], true, 0, 0));
            }
        }

        entries.Sort((one, other) => string.CompareOrdinal(one.Name, other.Name));
        return entries;
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        if (Find(from) is { } node)
        {
            FolderOf(from).Remove(Path.GetFileName(from));
            FolderOf(to)[Path.GetFileName(to)] = node;
        }
        else
        {
            var files = FolderAt(from);
            _folders.Remove(from);
            _folders[to] = files;
        }
    }

    /// <inheritdoc/>
    public void Delete(string path) => FolderOf(path).Remove(Path.GetFileName(path));

    /// <inheritdoc/>
    public void DeleteDirectory(string path) => _folders.Remove(path);

    /// <inheritdoc/>
    public void SyncDirectory(string path)
    {
    }

    /// <inheritdoc/>
    public (long FreeBytes, long TotalBytes) Space(string path) => (1L << 40, 1L << 41);

    /// <inheritdoc/>
    public IDisposable? TryLock(string path) => _locks.Add(path) ? new Held(() => _locks.Remove(path)) : null;

    private Node? Find(string path) =>
        _folders.TryGetValue(Path.GetDirectoryName(path)!, out var files) ? files.GetValueOrDefault(Path.GetFileName(path)) : null;

    private SortedDictionary<string, Node> FolderOf(string path) => FolderAt(Path.GetDirectoryName(path)!);

    private SortedDictionary<string, Node> FolderAt(string path) =>
        _folders.TryGetValue(path, out var files) ? files : throw new DirectoryNotFoundException($"{path}: no such directory");

    private sealed class Node
    {
        public byte[] Bytes { get; set; } = [];

        public int Length { get; set; }

        public bool IsShared { get; set; }

        public void Resize(int length)
        {
            if (IsShared || length > Bytes.Length)
            {
                var bytes = new byte[Math.Max(length, length > Length ? length * 2 : 0)];
                Bytes.AsSpan(0, Math.Min(Length, length)).CopyTo(bytes);
                Bytes = bytes;
                IsShared = false;
            }
            else if (length < Length)
            {
                Bytes.AsSpan(length, Length - length).Clear();
            }

            Length = length;
        }
    }

    private sealed class Held(Action release) : IDisposable
    {
        public void Dispose() => release();
    }

    private sealed unsafe class OpenFile(string path, Node node) : IDiskFile
    {
        public string Path => path;

        public long Length => node.Length;

        public int Read(Span<byte> buffer, long position)
        {
            var count = (int)Math.Clamp(node.Length - position, 0, buffer.Length);
            node.Bytes.AsSpan(count == 0 ? 0 : (int)position, count).CopyTo(buffer);
            return count;
        }

        public void Write(ReadOnlySpan<byte> bytes, long position)
        {
            node.Resize((int)Math.Max(node.Length, position + bytes.Length));
            bytes.CopyTo(node.Bytes.AsSpan((int)position));
        }

        public void Write(ReadOnlySpan<BytePiece> pieces, long position)
        {
            foreach (var piece in pieces)
            {
                Write(piece.Span, position);
                position += piece.Length;
            }
        }

        public void Truncate(long length) => node.Resize((int)length);

        public void Reserve(long length)
        {
        }

        public void Sync()
        {
        }

        public void Dispose()
        {
        }
    }
}
