namespace Barnabas.Base.Seams;

/// <summary>How <see cref="IDisk.Open"/> treats a file that is or is not there.</summary>
public enum FileOpen
{
    /// <summary>Must exist; read only.</summary>
    Read,

    /// <summary>Must exist; read and write.</summary>
    ReadWrite,

    /// <summary>Made if absent; read and write.</summary>
    OpenOrCreate,

    /// <summary>Made, or cut to nothing if it exists; read and write.</summary>
    CreateOrTruncate,
}

/// <summary>One entry of a directory listing: a name without its path.</summary>
/// <param name="Name">File or directory name.</param>
/// <param name="IsDirectory">True for a directory.</param>
/// <param name="Length">Bytes; 0 for a directory.</param>
/// <param name="ModifiedMs">Last change, wall-clock milliseconds.</param>
public sealed record DiskEntry(string Name, bool IsDirectory, long Length, long ModifiedMs);

/// <summary>
/// The disk as a seam: <c>FileDisk</c> in production, <c>SimDisk</c> in the simulator, where unsynced bytes may vanish at a crash. Every
/// member reports failure as an <see cref="IOException"/> (a fault), caught only by the owner of the log directory. Calls may block:
/// nothing but appends to the page cache may be made from an I/O loop.
/// </summary>
public interface IDisk
{
    IDiskFile Open(string path, FileOpen mode);

    /// <summary>True when there is such a file, false when there is none.</summary>
    /// <exception cref="IOException">The disk cannot say.</exception>
    bool FileExists(string path);

    /// <summary>True when there is such a directory, false when there is none.</summary>
    /// <exception cref="IOException">The disk cannot say.</exception>
    bool DirectoryExists(string path);

    /// <summary>Makes the directory and its parents; nothing if it exists.</summary>
    void CreateDirectory(string path);

    /// <summary>Entries in ordinal order of their names; an absent directory is an <see cref="IOException"/>.</summary>
    IReadOnlyList<DiskEntry> List(string path);

    /// <summary>
    /// Atomic within a file system, for files and directories; replaces an existing file. Durable only after <see cref="SyncDirectory"/>.
    /// </summary>
    void Rename(string from, string to);

    /// <summary>Lets nobody but the owner read the file and nobody write it; nothing where files have no such rights.</summary>
    void SetReadOnly(string path)
    {
    }

    /// <summary>Removes a file; nothing if it is absent.</summary>
    void Delete(string path);

    /// <summary>Removes a directory and all below it; nothing if it is absent.</summary>
    void DeleteDirectory(string path);

    /// <summary>
    /// Makes creations, renames and deletions in the directory durable. After a failure the directory is offline: never retry.
    /// </summary>
    void SyncDirectory(string path);

    /// <summary>Bytes that may still be written to the file system of <paramref name="path"/>, and its size.</summary>
    (long FreeBytes, long TotalBytes) Space(string path);

    /// <summary>
    /// Takes an exclusive lock on a file, made if it is absent, until it is disposed; null when another process, or another holder in
    /// this one, has it. Seen by Apache Kafka too.
    /// </summary>
    IDisposable? TryLock(string path);
}

/// <summary>Bytes that do not change where they are read: a file, or what was read of one.</summary>
public interface IByteSource
{
    /// <summary>Reads up to the buffer's length; fewer bytes only at the end. Any thread.</summary>
    int Read(Span<byte> buffer, long position);
}

/// <summary>
/// There was no room on the disk for a call. What was there before is as it was, but for a part of the bytes of a write; the call may be
/// made again when there is room. Never for a sync: one that fails, for whatever reason, leaves nothing to trust.
/// </summary>
public sealed class DiskFullException : IOException
{
    /// <summary>A call that found no room.</summary>
    /// <param name="message">The call, the path and the system's reason.</param>
    /// <param name="errno">The system's number for it.</param>
    public DiskFullException(string message, int errno)
        : base(message, errno)
    {
    }
}

/// <summary>An open file. Reads and writes name their position, so that many may read while the owner writes behind them.</summary>
public interface IDiskFile : IByteSource, IDisposable
{
    string Path { get; }

    long Length { get; }

    /// <summary>
    /// Like <see cref="IByteSource.Read"/>, for bytes that nobody wants again soon: what is not in the page cache does not go there, where
    /// the system knows how. Waits for the disk.
    /// </summary>
    int ReadAside(Span<byte> buffer, long position) => Read(buffer, position);

    /// <summary>
    /// True when these bytes of the file can be read without waiting for the disk, as far as the system tells cheaply; true where it does
    /// not tell. Any thread.
    /// </summary>
    bool IsResident(long position, int length) => true;

    /// <summary>Writes all the bytes or throws. Owner only.</summary>
    void Write(ReadOnlySpan<byte> bytes, long position);

    /// <summary>Writes all the pieces one after the other, in as few system calls as are cheap. Owner only.</summary>
    void Write(ReadOnlySpan<BytePiece> pieces, long position);

    /// <summary>Cuts or extends (with zeros) the file.</summary>
    void Truncate(long length);

    /// <summary>
    /// Reserves space so that writes below <paramref name="length"/> cannot fail for lack of it; does not change the length.
    /// </summary>
    void Reserve(long length);

    /// <summary>fdatasync. After a failure nothing of the file may be trusted: the directory goes offline, never retry.</summary>
    void Sync();
}

/// <summary>Bytes at a fixed address, kept alive by whoever holds the lease they lie in.</summary>
public readonly unsafe struct BytePiece(byte* pointer, int length)
{
    public byte* Pointer { get; } = pointer;

    public int Length { get; } = length;

    public Span<byte> Span => new(Pointer, Length);
}
