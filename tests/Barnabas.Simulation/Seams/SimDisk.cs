using Barnabas.Base.Seams;
using Barnabas.Simulation.Faults;

namespace Barnabas.Simulation.Seams;

/// <summary>
/// A disk in memory. What a process writes is seen at once and survives its death; a power cut takes back what was not synced, in a way
/// that the seed picks: the last writes of a file are missing or torn, the last changes of a directory have not happened. Owned by the
/// world; outlives the simulated process.
/// </summary>
internal sealed class SimDisk(SimClock clock, Randomness disk) : IDisk
{
    private readonly HashSet<string> _locks = new(StringComparer.Ordinal);
    private readonly SimFolder _root = new();
    private long _epoch;

    /// <summary>Operations so far.</summary>
    public long Operations { get; private set; }

    /// <summary>The operation before which the process dies; a write is done in part. <see cref="long.MaxValue"/> for none.</summary>
    public long DiesAtOperation { get; set; } = long.MaxValue;

    /// <summary>True from the moment the process has died until <see cref="Restart"/>.</summary>
    public bool HasDied { get; private set; }

    /// <summary>True while the world looks at what there is: that is no operation, and nothing goes wrong with it.</summary>
    public bool IsLookedAt { get; set; }

    /// <summary>Asked before every operation with its name and path: a text makes it fail.</summary>
    public Func<string, string, string?> Fault { get; set; } = (_, _) => null;

    /// <summary>How long an operation takes, microseconds.</summary>
    public Func<string, int> TakesUs { get; set; } = _ => 0;

    /// <summary>True for paths whose syncs do nothing though they succeed: a planted bug.</summary>
    public Func<string, bool> SkipsSync { get; set; } = _ => false;

    /// <summary>True for paths whose writes reach the file only with <see cref="FinishWrites"/>: a planted bug.</summary>
    public Func<string, bool> DelaysWrite { get; set; } = _ => false;

    /// <summary>Other bytes for what is written to a path: a planted bug.</summary>
    public Func<string, byte[], byte[]> Rewrites { get; set; } = (_, bytes) => bytes;

    /// <summary>Another length for a file that is cut: a planted bug.</summary>
    public Func<string, long, long> CutsTo { get; set; } = (_, length) => length;

    private List<Action> DelayedWrites { get; } = [];

    /// <summary>All that is there is on the platters.</summary>
    public void SyncAll() => _root.SyncAll();

    /// <summary>Does the writes that a planted bug held back.</summary>
    public void FinishWrites()
    {
        DelayedWrites.ForEach(write => write());
        DelayedWrites.Clear();
    }

    /// <summary>
    /// The process has died; its locks are gone and its open files closed. With a power cut, so is what was not synced.
    /// </summary>
    /// <param name="isPowerCut">False for a process that died on a machine that goes on.</param>
    public void Restart(bool isPowerCut)
    {
        _locks.Clear();
        _epoch++;
        DelayedWrites.Clear();
        HasDied = false;
        DiesAtOperation = long.MaxValue;
        if (isPowerCut)
        {
            _root.CutPower(disk);
        }
    }

    /// <summary>The process dies here, between two operations.</summary>
    public void Die(string where)
    {
        HasDied = true;
        throw new SimCrashException(where);
    }

    /// <inheritdoc/>
    public IDiskFile Open(string path, FileOpen mode)
    {
        Begin("open", path);
        var (folder, name) = Parent(path);
        var node = folder.Find(name);
        if (node is SimFolder)
        {
            throw new IOException($"open {path}: is a directory");
        }

        if (node is null && mode is FileOpen.Read or FileOpen.ReadWrite)
        {
            throw new FileNotFoundException($"open {path}: no such file", path);
        }

        if (node is not SimInode file)
        {
            file = new SimInode { ModifiedMs = clock.WallMs };
            folder.Set(name, file);
        }
        else if (mode == FileOpen.CreateOrTruncate && file.Length > 0)
        {
            file.Truncate(0, Operations);
        }

        return new SimFile(this, file, path, _epoch);
    }

    /// <inheritdoc/>
    public bool FileExists(string path) => Find(path) is SimInode;

    /// <inheritdoc/>
    public bool DirectoryExists(string path) => Find(path) is SimFolder;

    /// <inheritdoc/>
    public void CreateDirectory(string path)
    {
        Begin("mkdir", path);
        var folder = _root;
        foreach (var name in Names(path))
        {
            var next = folder.Find(name);
            if (next is null)
            {
                next = new SimFolder();
                folder.Set(name, next);
            }

            folder = next as SimFolder ?? throw new IOException($"mkdir {path}: {name} is a file");
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<DiskEntry> List(string path)
    {
        Begin("readdir", path);
        return [.. FolderAt(path).Entries.Select(entry => entry.Value is SimInode file
            ? new DiskEntry(entry.Key, false, file.Length, file.ModifiedMs)
            : new DiskEntry(entry.Key, true, 0, 0))];
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        Begin("rename", from);
        var (folder, name) = Parent(from);
        var (target, newName) = Parent(to);
        if (folder.Find(name) is not { } node)
        {
            throw new FileNotFoundException($"rename {from}: no such file or directory", from);
        }

        if (ReferenceEquals(folder, target))
        {
            folder.Rename(name, newName);
        }
        else
        {
            target.Set(newName, node);
            folder.Set(name, null);
        }
    }

    /// <inheritdoc/>
    public void Delete(string path)
    {
        Begin("unlink", path);
        if (Find(path) is SimInode)
        {
            var (folder, name) = Parent(path);
            folder.Set(name, null);
        }
    }

    /// <inheritdoc/>
    public void DeleteDirectory(string path)
    {
        Begin("rmdir", path);
        if (Find(path) is SimFolder folder)
        {
            foreach (var (name, _) in folder.Entries.ToList())
            {
                folder.Set(name, null);
            }

            var (parent, own) = Parent(path);
            parent.Set(own, null);
        }
    }

    /// <inheritdoc/>
    public void SyncDirectory(string path)
    {
        Begin("fsync", path);
        var folder = FolderAt(path);
        if (!SkipsSync(path))
        {
            folder.Sync();
        }
    }

    /// <inheritdoc/>
    public (long FreeBytes, long TotalBytes) Space(string path) => (1L << 40, 1L << 41);

    /// <inheritdoc/>
    public IDisposable? TryLock(string path)
    {
        Begin("lock", path);
        if (!_locks.Add(path))
        {
            return null;
        }

        if (Find(path) is null)
        {
            var (folder, name) = Parent(path);
            folder.Set(name, new SimInode());
        }

        return new Held(this, path);
    }

    /// <summary>Passes one operation: it may be the one in which the process dies, or one that fails.</summary>
    /// <param name="operation">What is done.</param>
    /// <param name="path">With what.</param>
    /// <param name="dying">Does what of the operation still happens when the process dies in it.</param>
    internal void Begin(string operation, string path, Action<Randomness>? dying = null)
    {
        if (IsLookedAt)
        {
            return;
        }

        if (HasDied)
        {
            throw new SimCrashException("the past");
        }

        Operations++;
        clock.MoveTo(clock.MonotonicUs + TakesUs(operation));
        if (Operations >= DiesAtOperation)
        {
            HasDied = true;
            dying?.Invoke(disk);
            throw new SimCrashException($"{operation} {path}");
        }

        if (Fault(operation, path) is { } error)
        {
            throw new IOException($"{operation} {path}: {error}");
        }
    }

    /// <summary>A file of a process that has died does nothing.</summary>
    internal void CheckEpoch(long epoch)
    {
        if (epoch != _epoch)
        {
            throw new SimCrashException("a former life");
        }
    }

    internal void Later(Action write) => DelayedWrites.Add(write);

    internal long NowMs => clock.WallMs;

    private static string[] Names(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);

    private SimEntry? Find(string path)
    {
        SimEntry? node = _root;
        foreach (var name in Names(path))
        {
            node = (node as SimFolder)?.Find(name);
        }

        return node;
    }

    private SimFolder FolderAt(string path) =>
        Find(path) as SimFolder ?? throw new DirectoryNotFoundException($"{path}: no such directory");

    private (SimFolder Folder, string Name) Parent(string path)
    {
        var at = path.TrimEnd('/').LastIndexOf('/');
        return (FolderAt(path[..Math.Max(0, at)]), path[(at + 1)..]);
    }

    /// <summary>The lock of a process that lives.</summary>
    private sealed class Held(SimDisk disk, string path) : IDisposable
    {
        private readonly long _taken = disk._epoch;

        public void Dispose()
        {
            if (_taken == disk._epoch)
            {
                disk._locks.Remove(path);
            }
        }
    }
}
