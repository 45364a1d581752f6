using Barnabas.Base.Seams;

namespace Barnabas.Log;

/// <summary>Files that are read and written whole. Stateless; blocks, so never on an I/O loop.</summary>
internal static class SmallFile
{
    private const int BytesMax = 1 << 28;

    /// <summary>All the bytes of a file; an absent file is an <see cref="IOException"/>.</summary>
    internal static byte[] Read(IDisk disk, string path)
    {
        using var file = disk.Open(path, FileOpen.Read);
        var length = file.Length;
        if (length > BytesMax)
        {
            throw new IOException($"{path} has {length} bytes, more than any file of its kind");
        }

        var bytes = new byte[length];
        var read = file.Read(bytes, 0);
        return read == bytes.Length ? bytes : bytes[..read];
    }

    /// <summary>
    /// Replaces a file so that a crash leaves the old bytes or the new ones: temporary file, sync, rename, sync of the directory.
    /// </summary>
    internal static void Replace(IDisk disk, string path, ReadOnlySpan<byte> bytes)
    {
        WriteWhole(disk, path, bytes);
        FaultPoint.Here("replace.before-directory-sync");
        disk.SyncDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>Like <see cref="Replace"/>, for many files of a directory that is synced once behind them all.</summary>
    internal static void WriteWhole(IDisk disk, string path, ReadOnlySpan<byte> bytes)
    {
        var temporary = path + ".tmp";
        FaultPoint.Here("replace.before-write");
        using (var file = disk.Open(temporary, FileOpen.CreateOrTruncate))
        {
            file.Write(bytes, 0);
            FaultPoint.Here("replace.before-sync");
            file.Sync();
        }

        FaultPoint.Here("replace.before-rename");
        disk.Rename(temporary, path);
    }
}
