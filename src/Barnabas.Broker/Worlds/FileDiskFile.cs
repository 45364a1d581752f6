using Barnabas.Base.Seams;

namespace Barnabas.Broker.Worlds;

/// <summary>
/// An open file of <see cref="FileDisk"/> on Linux. Any thread may read; only the owner writes, cuts and closes, and closes only when no
/// reader is left (the lease on a segment sees to that).
/// </summary>
public sealed unsafe class FileDiskFile : IDiskFile, IKernelFile
{
    /// <summary>
    /// Bytes of one call: with larger ones ext4 takes larger folios, whose allocation cost up to eight times the CPU of the write (see
    /// docs/decisions, writes of 128 KiB).
    /// </summary>
    private const int CallBytesMax = 128 << 10;

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
    public int ReadAside(Span<byte> buffer, long position) => PageCache.ReadAside(_descriptor, buffer, position, Path);

    /// <inheritdoc/>
    public bool IsResident(long position, int length) => PageCache.Holds(_descriptor, position, length);

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes, long position)
    {
        fixed (byte* start = bytes)
        {
            Write([new BytePiece(start, bytes.Length)], position);
        }
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<BytePiece> pieces, long position)
    {
        Span<FileDiskNative.IoVector> vector = stackalloc FileDiskNative.IoVector[Math.Min(pieces.Length, FileDiskNative.PiecesMax)];
        var piece = 0;
        var offset = 0;
        while (piece < pieces.Length)
        {
            var count = 0;
            var bytes = 0;
            while (piece < pieces.Length && count < vector.Length && bytes < CallBytesMax)
            {
                var length = Math.Min(pieces[piece].Length - offset, CallBytesMax - bytes);
                vector[count++] = new FileDiskNative.IoVector { Start = pieces[piece].Pointer + offset, Length = (nuint)length };
                bytes += length;
                offset += length;
                if (offset == pieces[piece].Length)
                {
                    piece++;
                    offset = 0;
                }
            }

            FileDiskNative.WriteAt(_descriptor, vector[..count], position, Path);
            position += bytes;
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
