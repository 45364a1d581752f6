using System.IO.Enumeration;
using Barnabas.Base.Seams;

namespace Barnabas.Broker.Worlds;

/// <summary>
/// The real disk: system calls on Linux, the portable calls of .NET elsewhere (or on Linux when asked for, so that tests run both).
/// Stateless but for its table of locks; safe from any thread as far as <see cref="IDisk"/> says. Every failure is an
/// <see cref="IOException"/> with the path in its message.
/// </summary>
public sealed class FileDisk : IDisk
{
    private readonly bool _native;

    /// <summary>Chooses the fastest calls that this system has; <paramref name="portable"/> forces those of .NET.</summary>
    public FileDisk(bool portable = false) => _native = OperatingSystem.IsLinux() && !portable;

    /// <inheritdoc/>
    public IDiskFile Open(string path, FileOpen mode)
    {
        if (!_native)
        {
            return PortableDiskFile.Open(path, mode);
        }

        var flags = mode switch
        {
            FileOpen.Read => FileDiskNative.ReadOnly,
            FileOpen.ReadWrite => FileDiskNative.ReadWrite,
            FileOpen.OpenOrCreate => FileDiskNative.ReadWrite | FileDiskNative.Create,
            _ => FileDiskNative.ReadWrite | FileDiskNative.Create | FileDiskNative.CutToNothing,
        };
        return new FileDiskFile(path, FileDiskNative.Open(path, flags));
    }

    /// <inheritdoc/>
    public bool FileExists(string path) => Look(path) is { } found && (found & FileAttributes.Directory) == 0;

    /// <inheritdoc/>
    public bool DirectoryExists(string path) => Look(path) is { } found && (found & FileAttributes.Directory) != 0;

    /// <inheritdoc/>
    public void CreateDirectory(string path) => Guard("mkdir", path, static p => Directory.CreateDirectory(p));

    /// <inheritdoc/>
    public IReadOnlyList<DiskEntry> List(string path)
    {
        var entries = new List<DiskEntry>();
        Guard("readdir", path, p =>
        {
            var found = new FileSystemEnumerable<DiskEntry>(p, ToEntry, new EnumerationOptions { AttributesToSkip = 0 });
            entries.AddRange(found);
        });
        entries.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return entries;
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        if (_native)
        {
            FileDiskNative.Rename(from, to);
        }
        else if (Directory.Exists(from))
        {
            Guard("rename", from, p => Directory.Move(p, to));
        }
        else
        {
            Guard("rename", from, p => File.Move(p, to, overwrite: true));
        }
    }

    /// <inheritdoc/>
    public void SetReadOnly(string path)
    {
        Guard("chmod", path, static p =>
        {
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(p, UnixFileMode.UserRead);
            }
        });
    }

    /// <inheritdoc/>
    public void Delete(string path)
    {
        try
        {
            Guard("unlink", path, File.Delete);
        }
        catch (DirectoryNotFoundException)
        {
            // Absent with its directory: nothing to remove.
        }
    }

    /// <inheritdoc/>
    public void DeleteDirectory(string path)
    {
        try
        {
            Guard("rmdir", path, static p => Directory.Delete(p, recursive: true));
        }
        catch (DirectoryNotFoundException)
        {
            // Absent: nothing to remove.
        }
    }

    /// <inheritdoc/>
    public void SyncDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return; // NTFS journals its directories and offers no call for it.
        }

        if (!_native)
        {
            PortableSync.Directory(path);
            return;
        }

        var descriptor = FileDiskNative.Open(path, FileDiskNative.ReadOnly);
        try
        {
            FileDiskNative.SyncAll(descriptor, path);
        }
        finally
        {
            FileDiskNative.Close(descriptor);
        }
    }

    /// <inheritdoc/>
    public (long FreeBytes, long TotalBytes) Space(string path)
    {
        if (_native)
        {
            return FileDiskNative.Space(path);
        }

        var space = (0L, 0L);
        Guard("space", path, p =>
        {
            var drive = new DriveInfo(Path.GetFullPath(p));
            space = (drive.AvailableFreeSpace, drive.TotalSize);
        });
        return space;
    }

    /// <inheritdoc/>
    public IDisposable? TryLock(string path) => FileDiskLock.TryTake(path, _native);

    /// <summary>Runs a call of .NET so that every refusal is an <see cref="IOException"/>.</summary>
    internal static void Guard(string call, string path, Action<string> action)
    {
        try
        {
            action(path);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new IOException($"{call} {path}: {e.Message}", e);
        }
    }

    // Null for what is not there. A disk that cannot say is a failure: taken for an absence, it would make a failed sync a deleted log.
    private static FileAttributes? Look(string path)
    {
        try
        {
            return File.GetAttributes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"stat {path}: {e.Message}", e);
        }
    }

    private static DiskEntry ToEntry(ref FileSystemEntry entry) => new(
        entry.FileName.ToString(),
        entry.IsDirectory,
        entry.IsDirectory ? 0 : entry.Length,
        entry.LastWriteTimeUtc.ToUnixTimeMilliseconds());
}
