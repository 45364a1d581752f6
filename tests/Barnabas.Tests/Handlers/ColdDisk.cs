using System.Collections.Concurrent;
using Barnabas.Base.Seams;
using Barnabas.Broker.Worlds;

namespace Barnabas.Tests.Handlers;

/// <summary>
/// A disk whose data files, but for the one made last, are not in the page cache while <see cref="IsCold"/> says so, and that notes which
/// thread then waited for it. Safe from any thread.
/// </summary>
internal sealed class ColdDisk : IDisk
{
    private readonly FileDisk _inner = new();
    private volatile string _newest = "";

    public volatile bool IsCold;

    /// <summary>Makes reads beside the page cache fail.</summary>
    public volatile bool Fails;

    /// <summary>Threads that read a data file, or opened a file, while it was cold.</summary>
    public ConcurrentBag<string> Waited { get; } = [];

    /// <summary>Lengths of the reads beside the page cache.</summary>
    public ConcurrentBag<int> ReadAside { get; } = [];

    public IDiskFile Open(string path, FileOpen mode)
    {
        if (mode == FileOpen.CreateOrTruncate && path.EndsWith(".log", StringComparison.Ordinal))
        {
            _newest = path;
        }

        Note(path);
        return path.EndsWith(".log", StringComparison.Ordinal) ? new ColdFile(this, _inner.Open(path, mode)) : _inner.Open(path, mode);
    }

    public bool FileExists(string path) => _inner.FileExists(path);

    public bool DirectoryExists(string path) => _inner.DirectoryExists(path);

    public void CreateDirectory(string path) => _inner.CreateDirectory(path);

    public IReadOnlyList<DiskEntry> List(string path) => _inner.List(path);

    public void Rename(string from, string to) => _inner.Rename(from, to);

    public void Delete(string path) => _inner.Delete(path);

    public void DeleteDirectory(string path) => _inner.DeleteDirectory(path);

    public void SyncDirectory(string path) => _inner.SyncDirectory(path);

    public (long FreeBytes, long TotalBytes) Space(string path) => _inner.Space(path);

    public IDisposable? TryLock(string path) => _inner.TryLock(path);

    private bool Waits(string path) => IsCold && path != _newest;

    private void Note(string path)
    {
        if (Waits(path))
        {
            Waited.Add(Thread.CurrentThread.Name ?? "");
        }
    }

    private sealed class ColdFile(ColdDisk disk, IDiskFile inner) : IDiskFile
    {
        public string Path => inner.Path;

        public long Length => inner.Length;

        public int Read(Span<byte> buffer, long position)
        {
            disk.Note(Path);
            return inner.Read(buffer, position);
        }

        int IDiskFile.ReadAside(Span<byte> buffer, long position)
        {
            disk.Note(Path);
            disk.ReadAside.Add(buffer.Length);
            return disk.Fails ? throw new IOException("no such sector") : inner.Read(buffer, position);
        }

        bool IDiskFile.IsResident(long position, int length) => !disk.Waits(Path);

        public void Write(ReadOnlySpan<byte> bytes, long position) => inner.Write(bytes, position);

        public void Write(ReadOnlySpan<BytePiece> pieces, long position) => inner.Write(pieces, position);

        public void Truncate(long length) => inner.Truncate(length);

        public void Reserve(long length) => inner.Reserve(length);

        public void Sync() => inner.Sync();

        public void Dispose() => inner.Dispose();
    }
}
