using Barnabas.Base.Seams;

namespace Barnabas.Broker.Worlds;

/// <summary>
/// An open file of <see cref="FileDisk"/> on Linux. Any thread may read; only the owner writes, cuts and closes, and closes only when no
/// reader is left (the lease on a segment sees to that).
/// </summary>
public sealed unsafe class FileDiskFile : IDiskFile, IKernelFile
{
    private int _descriptor;

    internal FileDiskFile(string path, int descriptor)
    {
        Path = path;
        _descriptor = descriptor;
    }

    /// <inheritdoc/>
    public int Descriptor => _descriptor;

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public long Length => FileDiskNative.LengthOf(_descriptor, Path);

    /// <inheritdoc/>
    public int Read(Span<byte> buffer, long position) => FileDiskNative.ReadAt(_descriptor, buffer, position, Path);

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes, long position)
    {
        fixed (byte* start = bytes)
        {
            FileDiskNative.WriteAt(_descriptor, start, bytes.Length, position, Path);
        }
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<BytePiece> pieces, long position)
    {
        if (pieces.Length == 1)
        {
            FileDiskNative.WriteAt(_descriptor, pieces[0].Pointer, pieces[0].Length, position, Path);
            return;
        }

        Span<FileDiskNative.IoVector> vector = stackalloc FileDiskNative.IoVector[Math.Min(pieces.Length, FileDiskNative.PiecesMax)];
        while (!pieces.IsEmpty)
        {
            var count = Math.Min(pieces.Length, vector.Length);
            var bytes = 0L;
            for (var i = 0; i < count; i++)
            {
                vector[i] = new FileDiskNative.IoVector { Start = pieces[i].Pointer, Length = (nuint)pieces[i].Length };
                bytes += pieces[i].Length;
            }

            FileDiskNative.WriteAt(_descriptor, vector[..count], position, Path);
            position += bytes;
            pieces = pieces[count..];
        }
    }

    /// <inheritdoc/>
    public void Truncate(long length) => FileDiskNative.Truncate(_descriptor, length, Path);

    /// <inheritdoc/>
    public void Reserve(long length) => FileDiskNative.Reserve(_descriptor, length, Path);

    /// <inheritdoc/>
    public void Sync() => FileDiskNative.SyncData(_descriptor, Path);

    /// <inheritdoc/>
    public void Dispose()
    {
        var descriptor = Interlocked.Exchange(ref _descriptor, -1);
        if (descriptor >= 0)
        {
            FileDiskNative.Close(descriptor);
        }
    }
}
