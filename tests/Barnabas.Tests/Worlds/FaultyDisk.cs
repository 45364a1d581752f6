using System.Collections.Concurrent;
using Barnabas.Base.Seams;

namespace Barnabas.Tests.Worlds;

/// <summary>
/// A disk whose calls a test can make fail, block or lie about the room: it is asked before each call, on the thread that makes it. Safe
/// from any thread, as the test's actions are.
/// </summary>
internal sealed class FaultyDisk(IDisk inner) : IDisk
{
    /// <summary>Asked before each call, with its name (write, sync, rename, sync-directory, …) and path; may throw or wait.</summary>
    public Action<string, string>? Before { get; set; }

    /// <summary>Bytes that a failing write lets through.</summary>
    public int BytesThrough { get; set; }

    /// <summary>Room that is told instead of the true one.</summary>
    public Func<string, long>? Free { get; set; }

    /// <summary>The calls so far, with their paths.</summary>
    public ConcurrentQueue<(string Call, string Path)> Calls { get; } = new();

    public IDiskFile Open(string path, FileOpen mode)
    {
        Ask(mode == FileOpen.Read ? "open" : "create", path);
        return new FaultyFile(this, inner.Open(path, mode));
    }

    public bool FileExists(string path) => inner.FileExists(path);

    public bool DirectoryExists(string path) => inner.DirectoryExists(path);

    public void CreateDirectory(string path)
    {
        Ask("mkdir", path);
        inner.CreateDirectory(path);
    }

    public IReadOnlyList<DiskEntry> List(string path)
    {
        Ask("list", path);
        return inner.List(path);
    }

    public void Rename(string from, string to)
    {
        Ask("rename", from);
        inner.Rename(from, to);
    }

    public void Delete(string path)
    {
        Ask("delete", path);
        inner.Delete(path);
    }

    public void DeleteDirectory(string path)
    {
        Ask("delete", path);
        inner.DeleteDirectory(path);
    }

    public void SyncDirectory(string path)
    {
        Ask("sync-directory", path);
        inner.SyncDirectory(path);
    }

    public (long FreeBytes, long TotalBytes) Space(string path)
    {
        Ask("space", path);
        var (free, total) = inner.Space(path);
        return (Free?.Invoke(path) ?? free, total);
    }

    public IDisposable? TryLock(string path) => inner.TryLock(path);

    private void Ask(string call, string path)
    {
        Calls.Enqueue((call, path));
        Before?.Invoke(call, path);
    }

    private sealed unsafe class FaultyFile(FaultyDisk disk, IDiskFile file) : IDiskFile, IKernelFile
    {
        public string Path => file.Path;

        public long Length => file.Length;

        public int Descriptor => ((IKernelFile)file).Descriptor;

        public int Read(Span<byte> buffer, long position) => file.Read(buffer, position);

        public void Write(ReadOnlySpan<byte> bytes, long position)
        {
            fixed (byte* start = bytes)
            {
                Write([new BytePiece(start, bytes.Length)], position);
            }
        }

        public void Write(ReadOnlySpan<BytePiece> pieces, long position)
        {
            try
            {
                disk.Ask("write", Path);
            }
            catch (IOException)
            {
                file.Write(pieces[0].Span[..Math.Min(disk.BytesThrough, pieces[0].Length)], position);
                throw;
            }

            file.Write(pieces, position);
        }

        public void Truncate(long length)
        {
            disk.Ask("cut", Path);
            file.Truncate(length);
        }

        public void Reserve(long length)
        {
            disk.Ask("reserve", Path);
            file.Reserve(length);
        }

        public void Sync()
        {
            disk.Ask("sync", Path);
            file.Sync();
        }

        public void Dispose() => file.Dispose();
    }
}
