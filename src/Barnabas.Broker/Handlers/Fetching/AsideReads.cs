using Barnabas.Base.Bytes;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Log.Segments;

namespace Barnabas.Broker.Handlers.Fetching;

/// <summary>
/// Reads for fetches whose bytes are not in the page cache, on the background pool and around that cache: who reads an old log from its
/// begin must not drive out what everybody else reads. What it holds for replies is bounded over all fetches. Safe from any thread.
/// </summary>
/// <param name="loops">Loops on the background pool: so many fetches wait for the disk at a time.</param>
internal sealed class AsideReads(Loop[] loops)
{
    /// <summary>Bytes of one answer that waits for the disk: it comes soon, and the client asks for the rest.</summary>
    public const int AnswerBytesMax = 4 << 20;

    private const long HeldBytesMax = 64 << 20;
    private long _heldBytes;
    private uint _next;

    /// <summary>Bytes that are held for replies now.</summary>
    public long HeldBytes => Interlocked.Read(ref _heldBytes);

    /// <summary>Runs a fetch's work on one of the loops.</summary>
    public void Post(LoopTask work) => loops[Interlocked.Increment(ref _next) % (uint)loops.Length].Post(work);

    /// <summary>
    /// The bytes of a slice, read from the disk; null where they can be sent as they are: they are in the page cache, or have come there
    /// now because too much is held already. Waits for the disk. The slice stays the caller's.
    /// </summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public AsideBytes? Read(FileSlice slice)
    {
        if (slice.Data.IsResident(slice.Position, slice.Length))
        {
            return null;
        }

        var bytes = new AsideBytes(this, slice.Length);
        try
        {
            if (Interlocked.Add(ref _heldBytes, slice.Length) > HeldBytesMax)
            {
                slice.Data.Read(bytes.Span, slice.Position);
                return null;
            }

            var read = slice.Data.ReadAside(bytes.Span, slice.Position);
            if (read < slice.Length)
            {
                throw new IOException($"{slice.Data.Path} ends after {slice.Position + read} bytes, within its log");
            }

            bytes.Retain();
            return bytes;
        }
        finally
        {
            bytes.Release();
        }
    }

    internal void GiveBack(int length) => Interlocked.Add(ref _heldBytes, -length);
}

/// <summary>Bytes of a log in memory, on their way to a socket. Immutable once read; the last release frees them. Any thread.</summary>
internal sealed class AsideBytes(AsideReads reads, int length) : IByteSource, IFileLease
{
    private readonly BufferLease _memory = BufferPool.RentUnpooled(length);
    private int _references = 1;

    public int Length => length;

    internal Span<byte> Span => _memory.Span;

    /// <inheritdoc/>
    public int Read(Span<byte> buffer, long position)
    {
        var count = (int)Math.Min(buffer.Length, length - position);
        _memory.Span.Slice((int)position, count).CopyTo(buffer);
        return count;
    }

    /// <inheritdoc/>
    public void Retain() => Interlocked.Increment(ref _references);

    /// <inheritdoc/>
    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
        {
            _memory.Release();
            reads.GiveBack(length);
        }
    }
}
