using Barnabas.Base.Seams;
using Barnabas.Log.Batches;
using Barnabas.Log.Epochs;
using Barnabas.Log.Segments;
using Barnabas.Protocol.Records;

namespace Barnabas.Log.Recovery;

/// <summary>
/// Checks every batch of one data file and rebuilds what is known of it. Bad bytes with a good batch behind them are damage and are kept;
/// bad bytes up to the end are a torn tail. Used once, by who recovers the log.
/// </summary>
internal sealed class SegmentScan(Segment segment, IDiskFile data, long fileBytes, LogConfig config, long nextSegmentOffset)
{
    private const int WindowBytes = 1 << 18;
    private byte[] _window = [];
    private long _windowStart;
    private int _windowLength;
    private long _next = segment.BaseOffset;

    /// <summary>The offset after the last good batch; the base for an empty segment.</summary>
    internal long NextOffset => _next;

    /// <summary>First byte of the torn tail; the length of the file when there is none.</summary>
    internal long GoodBytes { get; private set; }

    /// <summary>Runs to the end. <paramref name="isGoodBehind"/> says whether a later segment begins with a good batch.</summary>
    internal LeaderEpochs Run(LeaderEpochs epochs, Func<bool> isGoodBehind)
    {
        var at = 0L;
        while (at < fileBytes)
        {
            if (TryReadBatch(at, out var frame) && !IsMisplaced(at, frame))
            {
                segment.Append(frame.LastOffset, frame.MaxTimestamp, (int)frame.SizeBytes, config.IndexIntervalBytes);
                epochs = IsEpochTakenBack(at, frame, epochs) ? epochs : epochs.Fitting(frame.LeaderEpoch, frame.BaseOffset);
                _next = frame.LastOffset + 1;
                at += frame.SizeBytes;
                continue;
            }

            var good = FindGoodBatch(at + 1, out var nextOffset);
            if (good < 0 && !isGoodBehind())
            {
                break;
            }

            var end = good < 0 ? fileBytes : good;
            segment.Skip(new LogDamage(segment.BaseOffset, (int)at, (int)end, _next, good < 0 ? long.MaxValue : nextOffset));
            at = end;
        }

        GoodBytes = at;
        _window = [];
        return epochs;
    }

    /// <summary>True when a whole, good batch with offsets that can follow lies at a position.</summary>
    internal bool TryReadBatch(long at, out StoredBatch frame)
    {
        if (!StoredBatch.TryRead(Bytes(at, StoredBatch.HeaderBytes), out frame) || at + frame.SizeBytes > fileBytes || !CanFollow(frame))
        {
            return false;
        }

        return frame.HasValidCrc(Bytes(at, (int)frame.SizeBytes));
    }

    private bool CanFollow(in StoredBatch frame) =>
        frame.LastOffset >= frame.BaseOffset && frame.BaseOffset >= _next && frame.LastOffset < nextSegmentOffset
        && frame.LastOffset - segment.BaseOffset <= int.MaxValue;

    /// <summary>
    /// True when a batch leaves a gap and the one behind it lies in that gap: the checksum does not cover the base offset, and it is
    /// rotten. Gaps alone are right where a log was compacted.
    /// </summary>
    private bool IsMisplaced(long at, in StoredBatch frame) =>
        frame.BaseOffset > _next && TryReadBatch(at + frame.SizeBytes, out var behind) && behind.BaseOffset <= frame.LastOffset;

    /// <summary>True for a new epoch that the next batch takes back: the checksum does not cover it, and it is rotten.</summary>
    private bool IsEpochTakenBack(long at, in StoredBatch frame, LeaderEpochs epochs) =>
        frame.LeaderEpoch > epochs.Latest
        && TryReadBatch(at + frame.SizeBytes, out var behind) && behind.LeaderEpoch < frame.LeaderEpoch;

    /// <summary>Looks for the next good batch of magic 2 byte by byte, by its magic first. -1 when there is none.</summary>
    private long FindGoodBatch(long from, out long baseOffset)
    {
        baseOffset = -1;
        var at = from + RecordBatchHeader.MagicAt;
        while (at < fileBytes)
        {
            var bytes = Bytes(at, 1 << 16);
            var magic = bytes.IndexOf((byte)RecordBatchHeader.MagicV2);
            if (magic < 0)
            {
                at += bytes.Length;
                continue;
            }

            var start = at + magic - RecordBatchHeader.MagicAt;
            if (TryReadBatch(start, out var frame))
            {
                baseOffset = frame.BaseOffset;
                return start;
            }

            at += magic + 1;
        }

        return -1;
    }

    /// <summary>Up to <paramref name="length"/> bytes of the file, fewer only at its end.</summary>
    private ReadOnlySpan<byte> Bytes(long at, int length)
    {
        length = (int)Math.Min(length, fileBytes - at);
        if (at < _windowStart || at + length > _windowStart + _windowLength)
        {
            if (_window.Length < length)
            {
                _window = new byte[Math.Min(Math.Max(length, WindowBytes), fileBytes)];
            }

            _windowStart = at;
            _windowLength = data.Read(_window.AsSpan(0, (int)Math.Min(_window.Length, fileBytes - at)), at);
        }

        return _window.AsSpan((int)(at - _windowStart), Math.Min(length, (int)(_windowStart + _windowLength - at)));
    }
}
