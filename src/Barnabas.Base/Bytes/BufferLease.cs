using System.Runtime.InteropServices;
using Barnabas.Base.Seams;

namespace Barnabas.Base.Bytes;

/// <summary>
/// A block of native memory with one owner at a time and a count of the places that still need it. The last <see cref="Release"/> gives it
/// back to its pool. The owner alone writes; whoever retained it may read. Safe to retain and release from any thread.
/// </summary>
public sealed unsafe class BufferLease
{
    private readonly BufferPool? _pool;
    private int _references;

    internal BufferLease(BufferPool? pool, int capacityBytes)
    {
        _pool = pool;
        CapacityBytes = capacityBytes;
        Pointer = (byte*)NativeMemory.Alloc((nuint)capacityBytes);
        _references = 1;
    }

    /// <summary>Address of the first byte; fixed for the life of the lease.</summary>
    public byte* Pointer { get; private set; }

    /// <summary>Bytes in the block.</summary>
    public int CapacityBytes { get; private set; }

    /// <summary>The whole block.</summary>
    public Span<byte> Span
    {
        get
        {
            CheckAlive();
            return new Span<byte>(Pointer, CapacityBytes);
        }
    }

    /// <summary>A part of the block, for a gathered write.</summary>
    public BytePiece Piece(int offset, int length)
    {
        CheckAlive();
        Check.That(offset >= 0 && length >= 0 && offset + length <= CapacityBytes);
        return new BytePiece(Pointer + offset, length);
    }

    /// <summary>True when nobody but the caller, who must hold it, needs the bytes: they may be written over.</summary>
    public bool IsSole => Volatile.Read(ref _references) == 1;

    /// <summary>One more place needs the bytes.</summary>
    public void Retain()
    {
        var references = Interlocked.Increment(ref _references);
        Check.That(references > 1);
    }

    /// <summary>One place fewer needs the bytes; the last gives the block back.</summary>
    public void Release()
    {
        var references = Interlocked.Decrement(ref _references);
        Check.That(references >= 0);
        if (references != 0)
        {
            return;
        }

        Poison();
        if (_pool is null || !_pool.TakeBack(this))
        {
            Free();
        }
    }

    internal void Revive()
    {
        Check.That(_references == 0 && Pointer != null);
        _references = 1;
    }

    /// <summary>Makes the block bigger, keeping its bytes; only while there is one holder and the block is not pooled.</summary>
    internal void Resize(int capacityBytes)
    {
        Check.That(_pool is null && _references == 1);
        Pointer = (byte*)NativeMemory.Realloc(Pointer, (nuint)capacityBytes);
        CapacityBytes = capacityBytes;
    }

    internal void Free()
    {
        NativeMemory.Free(Pointer);
        Pointer = null;
    }

    private void CheckAlive() => Check.That(Volatile.Read(ref _references) > 0);

    private void Poison()
    {
#if DEBUG
        new Span<byte>(Pointer, CapacityBytes).Fill(0xDB);
#endif
    }
}
