using System.Collections.Concurrent;

namespace Barnabas.Broker.Worlds;

/// <summary>
/// One held lock on a file. fcntl locks belong to the process and fall when any descriptor of the file is closed, so the file is opened
/// once, after a table of the whole process said that nobody here has it. Owned by who took it; the table is safe from any thread.
/// </summary>
internal sealed class FileDiskLock : IDisposable
{
    private static readonly ConcurrentDictionary<string, byte> Held = new(StringComparer.Ordinal);
    private readonly string _path;
    private readonly int _descriptor;
    private readonly FileStream? _stream;
    private int _released;

    private FileDiskLock(string path, int descriptor, FileStream? stream)
    {
        _path = path;
        _descriptor = descriptor;
        _stream = stream;
    }

    /// <summary>Takes the lock, making the file if it is absent; null when somebody else, here or in another process, has it.</summary>
    internal static FileDiskLock? TryTake(string path, bool native)
    {
        var full = Path.GetFullPath(path);
        if (!Held.TryAdd(full, 0))
        {
            return null;
        }

        FileDiskLock? taken = null;
        try
        {
            taken = native ? TryNative(full) : TryPortable(full);
            return taken;
        }
        finally
        {
            if (taken is null)
            {
                Held.TryRemove(full, out _);
            }
        }
    }

    /// <summary>Lets go; the file stays.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _released, 1) != 0)
        {
            return;
        }

        _stream?.Dispose();
        if (_stream is null)
        {
            FileDiskNative.Close(_descriptor);
        }

        Held.TryRemove(_path, out _);
    }

    private static FileDiskLock? TryNative(string path)
    {
        var descriptor = FileDiskNative.Open(path, FileDiskNative.ReadWrite | FileDiskNative.Create);
        var locked = false;
        try
        {
            locked = FileDiskNative.TryLock(descriptor, path);
            return locked ? new FileDiskLock(path, descriptor, null) : null;
        }
        finally
        {
            if (!locked)
            {
                FileDiskNative.Close(descriptor);
            }
        }
    }

    private static FileDiskLock? TryPortable(string path)
    {
        try
        {
            return new FileDiskLock(path, -1, new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException))
        {
            return null;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"lock {path}: {e.Message}", e);
        }
    }
}
