using System.Text;
using Barnabas.Base.Bytes;

namespace Barnabas.Log.Segments;

/// <summary>
/// How the segment that the next batch goes to will look once all that is staged is written: enough to decide whether to roll. The log's
/// owner alone uses it.
/// </summary>
internal struct RollPlan(long baseOffset, long createdMs, string directory)
{
    private long _firstTimestampMs = -1;

    internal readonly long BaseOffset => baseOffset;

    /// <summary>Bytes, staged ones included.</summary>
    private int SizeBytes { get; set; }

    internal static RollPlan Of(Segment segment) => new(segment.BaseOffset, segment.ModifiedMs, segment.Directory)
    {
        SizeBytes = segment.SizeBytes,
        _firstTimestampMs = segment.FirstTimestampMs,
    };

    /// <summary>True when a batch may not go to this segment: too full, too old, or offsets that no longer fit beside its base.</summary>
    internal readonly bool MustRoll(LogConfig config, int sizeBytes, long lastOffset, long maxTimestampMs, long nowMs) =>
        lastOffset - baseOffset > int.MaxValue
        || (SizeBytes > 0 && ((long)SizeBytes + sizeBytes > config.SegmentBytes
            || AgeMs(maxTimestampMs, nowMs) > config.RollMs - JitterMs(config)));

    internal void Add(int sizeBytes, long maxTimestampMs)
    {
        if (SizeBytes == 0)
        {
            _firstTimestampMs = maxTimestampMs;
        }

        SizeBytes += sizeBytes;
    }

    /// <summary>Time by the records where they have one, so that replaying old records does not roll, else by the clock.</summary>
    private readonly long AgeMs(long maxTimestampMs, long nowMs) =>
        _firstTimestampMs >= 0 ? maxTimestampMs - _firstTimestampMs : nowMs - createdMs;

    /// <summary>Spreads the rolls of many partitions: a fixed share of the jitter for each segment.</summary>
    private readonly long JitterMs(LogConfig config)
    {
        var max = Math.Min(config.SegmentJitterMs, config.RollMs);
        return max <= 0 ? 0 : (Crc32C.Compute(Encoding.UTF8.GetBytes(directory)) + baseOffset) % max;
    }
}
