using Barnabas.Base.Seams;
using Barnabas.Log.Recovery;

namespace Barnabas.Log.Batches;

/// <summary>
/// Walks the batches of a file by their headers alone, through a small buffer of the caller. Belongs to whoever made it; reads what is
/// immutable below the end that it was given.
/// </summary>
internal ref struct BatchScan
{
    private readonly IDiskFile _data;
    private readonly Span<byte> _buffer;
    private readonly ReadOnlySpan<LogDamage> _damages;
    private readonly int _end;
    private int _bufferStart;
    private int _bufferLength;
    private int _next;

    /// <summary>
    /// Starts at <paramref name="position"/>, which has to be the first byte of a batch, and stops before <paramref name="end"/>.
    /// </summary>
    /// <remarks>Ranges of rotten bytes that are known are passed over.</remarks>
    internal BatchScan(IDiskFile data, int position, int end, Span<byte> buffer, ReadOnlySpan<LogDamage> damages = default)
    {
        _damages = damages;
        _data = data;
        _buffer = buffer;
        _end = end;
        _next = position;
    }

    /// <summary>Where the frame that <see cref="MoveNext"/> read begins.</summary>
    internal int Position { get; private set; }

    /// <summary>Where the batch after it begins.</summary>
    internal readonly int NextPosition => _next;

    /// <summary>True when the walk ended before the end, at bytes that are no whole batch.</summary>
    internal bool IsBroken { get; private set; }

    /// <summary>Reads the next header; false at the end, or at bytes that are no batch.</summary>
    internal bool MoveNext(out StoredBatch frame)
    {
        frame = default;
        PassDamage();
        if (_next >= _end)
        {
            return false;
        }

        Position = _next;
        if (!StoredBatch.TryRead(Bytes(Position), out frame) || Position + frame.SizeBytes > _end)
        {
            IsBroken = true;
            return false;
        }

        _next = (int)(Position + frame.SizeBytes);
        return true;
    }

    private void PassDamage()
    {
        foreach (var damage in _damages)
        {
            if (damage.Position <= _next && _next < damage.EndPosition)
            {
                _next = damage.EndPosition;
            }
        }
    }

    private ReadOnlySpan<byte> Bytes(int position)
    {
        var wanted = Math.Min(StoredBatch.HeaderBytes, _end - position);
        if (position < _bufferStart || position + wanted > _bufferStart + _bufferLength)
        {
            _bufferStart = position;
            _bufferLength = _data.Read(_buffer[..Math.Min(_buffer.Length, _end - position)], position);
        }

        var start = position - _bufferStart;
        return _buffer.Slice(start, Math.Max(0, Math.Min(wanted, _bufferLength - start)));
    }
}
