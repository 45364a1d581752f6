using System.Runtime.InteropServices;
using Barnabas.Base.Seams;
using Microsoft.Win32.SafeHandles;

namespace Barnabas.Broker.Worlds;

/// <summary>
/// An open file of <see cref="FileDisk"/> through the portable calls of .NET. Any thread may read; only the owner writes, cuts and closes.
/// </summary>
internal sealed class PortableDiskFile : IDiskFile
{
    private readonly SafeFileHandle _handle;

    private PortableDiskFile(string path, SafeFileHandle handle)
    {
        Path = path;
        _handle = handle;
    }

    public string Path { get; }

    public long Length => RandomAccess.GetLength(_handle);

    internal static PortableDiskFile Open(string path, FileOpen mode)
    {
        SafeFileHandle? handle = null;
        FileDisk.Guard("open", path, p => handle = File.OpenHandle(
            p,
            mode switch
            {
                FileOpen.OpenOrCreate => FileMode.OpenOrCreate,
                FileOpen.CreateOrTruncate => FileMode.Create,
                _ => FileMode.Open,
            },
            mode == FileOpen.Read ? FileAccess.Read : FileAccess.ReadWrite,
            FileShare.ReadWrite | FileShare.Delete));
        return new PortableDiskFile(path, handle!);
    }

    public int Read(Span<byte> buffer, long position)
    {
        var done = 0;
        while (done < buffer.Length)
        {
            var read = RandomAccess.Read(_handle, buffer[done..], position + done);
            if (read == 0)
            {
                break;
            }

            done += read;
        }

        return done;
    }

    public void Write(ReadOnlySpan<byte> bytes, long position) => RandomAccess.Write(_handle, bytes, position);

    public void Write(ReadOnlySpan<BytePiece> pieces, long position)
    {
        foreach (var piece in pieces)
        {
            RandomAccess.Write(_handle, piece.Span, position);
            position += piece.Length;
        }
    }

    public void Truncate(long length) => FileDisk.Guard("truncate", Path, _ => RandomAccess.SetLength(_handle, length));

    /// <summary>.NET has no portable reservation: a full disk shows when it is written.</summary>
    public void Reserve(long length)
    {
    }

    public void Sync() => PortableSync.Data(_handle, Path);

    public void Dispose() => _handle.Dispose();
}

/// <summary>Flushes that report failure, unlike those of .NET: fsync(2), or FlushFileBuffers on Windows. Stateless.</summary>
internal static partial class PortableSync
{
    internal static void Data(SafeFileHandle handle, string path)
    {
        var failed = OperatingSystem.IsWindows() ? !FlushFileBuffers(handle) : FSync(handle) != 0;
        if (failed)
        {
            throw FileDiskNative.Failure("fsync", path);
        }
    }

    /// <summary>Makes the entries of a directory durable; not for Windows.</summary>
    internal static void Directory(string path)
    {
        var descriptor = OpenDirectory(path, 0);
        if (descriptor < 0)
        {
            throw FileDiskNative.Failure("open", path);
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        Data(handle, path);
    }

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenDirectory(string path, int flags);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool FlushFileBuffers(SafeFileHandle handle);
}
