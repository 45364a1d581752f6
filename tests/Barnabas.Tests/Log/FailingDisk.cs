using Barnabas.Base.Seams;

namespace Barnabas.Tests.Log;

/// <summary>A disk that stops at its nth change, as if the power of the process ended there: that one and all later changes fail.</summary>
internal sealed class FailingDisk(IDisk inner) : IDisk
{
    /// <summary>Changes until now: creations, writes, cuts, renames, removals, syncs.</summary>
    public int Changes { get; private set; }

    /// <summary>The change that fails first; later ones fail too.</summary>
    public int FailAt { get; set; } = int.MaxValue;

    /// <summary>True while no change finds room.</summary>
    public bool IsFull { get; set; }

    /// <summary>True to let half of the failing write through.</summary>
    public bool TearsWrites { get; set; }

    /// <summary>True to count syncs and not make them: for tests in which the process ends, not the power.</summary>
    public bool SkipsSyncs { get; init; }

    /// <summary>Told of every change before it is made, with its kind and path; what it throws the change throws.</summary>
    public Action<string, string>? Before { get; set; }

    public IDiskFile Open(string path, FileOpen mode)
    {
        if (mode is FileOpen.CreateOrTruncate || (mode is FileOpen.OpenOrCreate && !inner.FileExists(path)))
        {
            Change("open", path);
        }

        return new FailingFile(this, inner.Open(path, mode));
    }

    public bool FileExists(string path) => inner.FileExists(path);

    public bool DirectoryExists(string path) => inner.DirectoryExists(path);

    public void CreateDirectory(string path) => inner.CreateDirectory(path);

    public IReadOnlyList<DiskEntry> List(string path) => inner.List(path);

    public void Rename(string from, string to)
    {
        Change("rename", from);
        inner.Rename(from, to);
    }

    public void Delete(string path)
    {
        if (inner.FileExists(path))
        {
            Change("delete", path);
            inner.Delete(path);
        }
    }

    public void DeleteDirectory(string path)
    {
        Change("delete", path);
        inner.DeleteDirectory(path);
    }

    public void SyncDirectory(string path)
    {
        Change("sync", path);
        if (!SkipsSyncs)
        {
            inner.SyncDirectory(path);
        }
    }

    public (long FreeBytes, long TotalBytes) Space(string path) => inner.Space(path);

    public IDisposable? TryLock(string path) => inner.TryLock(path);

    private void Change(string what, string path)
    {
        if (IsFull)
        {
            throw new DiskFullException($"{what} {path}: the test leaves no room", 28);
        }

        Before?.Invoke(what, path);
        if (++Changes >= FailAt)
        {
            throw new IOException($"{what} {path}: the test ends here");
        }
    }

    private sealed unsafe class FailingFile(FailingDisk disk, IDiskFile file) : IDiskFile
    {
        public string Path => file.Path;

        public long Length => file.Length;

        public int Read(Span<byte> buffer, long position) => file.Read(buffer, position);

        public void Write(ReadOnlySpan<byte> bytes, long position)
        {
            if (disk.Changes + 1 == disk.FailAt && disk.TearsWrites)
            {
                file.Write(bytes[..(bytes.Length / 2)], position);
            }

            disk.Change("write", Path);
            file.Write(bytes, position);
        }

        public void Write(ReadOnlySpan<BytePiece> pieces, long position)
        {
            if (disk.Changes + 1 == disk.FailAt && disk.TearsWrites)
            {
                file.Write(pieces[0].Span[..(pieces[0].Length / 2)], position);
            }

            disk.Change("write", Path);
            file.Write(pieces, position);
        }

        public void Truncate(long length)
        {
            disk.Change("truncate", Path);
            file.Truncate(length);
        }

        public void Reserve(long length) => file.Reserve(length);

        public void Sync()
        {
            disk.Change("sync", Path);
            if (!disk.SkipsSyncs)
            {
                file.Sync();
            }
        }

        public void Dispose() => file.Dispose();
    }
}
