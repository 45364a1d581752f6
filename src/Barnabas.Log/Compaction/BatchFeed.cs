using Barnabas.Log.Batches;
using Barnabas.Log.Segments;
using Barnabas.Protocol.Records;

namespace Barnabas.Log.Compaction;

/// <summary>
/// Reads the batches of sealed segments whole, one after the other, and checks each: what is rotten must not get a new checksum. Owned by
/// its cleaning; the segments are kept open by it.
/// </summary>
internal sealed class BatchFeed(int windowBytes)
{
    private byte[] _window = [];
    private Segment? _segment;
    private int _windowStart, _windowLength, _next;
    private int _at, _length;

    /// <summary>The batch that <see cref="MoveNext"/> found; good until the next call.</summary>
    internal ReadOnlySpan<byte> Batch => _window.AsSpan(_at, _length);

    /// <summary>Why there is no next batch though the segment has not ended, or null.</summary>
    internal string? Problem { get; private set; }

    internal void Open(Segment segment, int position)
    {
        _segment = segment;
        _next = position;
        _windowLength = 0;
    }

    /// <summary>Goes on to the next batch; false at the end of the segment, or with a <see cref="Problem"/>.</summary>
    internal bool MoveNext(out RecordBatchHeader header)
    {
        header = default;
        if (_next >= _segment!.SizeBytes)
        {
            return false;
        }

        Load(StoredBatch.HeaderBytes);
        if (!StoredBatch.TryRead(Window, out var frame) || frame.SizeBytes > _segment.SizeBytes - _next)
        {
            return Stop("is no batch");
        }

        if (frame.Magic != RecordBatchHeader.MagicV2)
        {
            return Stop($"is a message of the old format {frame.Magic}, which is served but not compacted");
        }

        _length = (int)frame.SizeBytes;
        Load(_length);
        if (Window.Length < _length || !frame.HasValidCrc(Window[.._length]))
        {
            return Stop("is a batch with a wrong checksum");
        }

        _at = _next - _windowStart;
        _next += _length;
        header = frame.Header;
        return true;
    }

    private ReadOnlySpan<byte> Window => _window.AsSpan(_next - _windowStart, _windowLength - (_next - _windowStart));

    private bool Stop(string what)
    {
        Problem = $"what lies at byte {_next} of {_segment!.PathOf(SegmentNames.Data)} {what}";
        return false;
    }

    /// <summary>Sees that so many bytes from the next batch on are in the window, fewer only at the end of the segment.</summary>
    private void Load(int length)
    {
        length = Math.Min(length, _segment!.SizeBytes - _next);
        if (_windowLength > 0 && _next >= _windowStart && _next + length <= _windowStart + _windowLength)
        {
            return;
        }

        if (_window.Length < Math.Max(length, windowBytes))
        {
            _window = new byte[Math.Max(length, windowBytes)];
        }

        _windowStart = _next;
        var wanted = Math.Min(_window.Length, _segment.SizeBytes - _next);
        _windowLength = _segment.Data.Read(_window.AsSpan(0, wanted), _next);
    }
}
