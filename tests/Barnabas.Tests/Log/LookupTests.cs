using Barnabas.Log;
using Barnabas.Log.Lookups;
using Barnabas.Protocol.Records;

namespace Barnabas.Tests.Log;

public sealed class LookupTests : IDisposable
{
    private readonly LogFixture _fixture = new() { Config = LogConfig.Default with { SegmentBytes = 3000, IndexIntervalBytes = 200 } };

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(CompressionType.None, false), InlineData(CompressionType.None, true)]
    [InlineData(CompressionType.Gzip, false), InlineData(CompressionType.Gzip, true)]
    public void The_first_record_at_or_after_a_timestamp_is_found(CompressionType codec, bool reopen)
    {
        // Batches of three, a second apart, with times 1 ms apart inside.
        for (var i = 0; i < 60; i++)
        {
            _fixture.Append(3, new BatchOptions { Compression = codec }, valueBytes: 40, epoch: i / 20, timestampMs: 1000L * i);
        }

        _ = reopen ? _fixture.ReopenClean() : null;
        var view = _fixture.Log.View;
        for (var i = 0; i < 60; i++)
        {
            Assert.Equal(new TimestampedOffset(i * 3, 1000L * i, i / 20), LogLookup.ByTimestamp(view, i == 0 ? 0 : (1000L * i) - 500));
            Assert.Equal(new TimestampedOffset((i * 3) + 1, (1000L * i) + 1, i / 20), LogLookup.ByTimestamp(view, (1000L * i) + 1));
        }

        Assert.Null(LogLookup.ByTimestamp(view, 59_003));
        Assert.Equal(new TimestampedOffset(179, 59_002, 2), LogLookup.MaxTimestamp(view));
        Assert.Equal(new TimestampedOffset(0, -1, 0), LogLookup.Earliest(view));
        Assert.Equal(new TimestampedOffset(180, -1, 2), LogLookup.Latest(view, ReadLimit.HighWatermark));
        _fixture.Log.AdvanceLogStart(70);

        // Kafka looks into the first segment that has so late a time, though the log starts behind it.
        var isOneSegment = codec == CompressionType.Gzip;
        Assert.Equal(isOneSegment ? new TimestampedOffset(70, 23_001, 1) : null, LogLookup.ByTimestamp(_fixture.Log.View, 5));
        Assert.Equal(new TimestampedOffset(177, 59_000, 2), LogLookup.ByTimestamp(_fixture.Log.View, 58_500));
    }

    [Fact]
    public void Times_out_of_order_give_the_first_offset_that_is_late_enough()
    {
        long[] times = [500, 100, 900, 300, 900, 200];
        foreach (var time in times)
        {
            _fixture.Append(1, timestampMs: time, valueBytes: 1200);
        }

        Assert.Equal(0, LogLookup.ByTimestamp(_fixture.Log.View, 400)!.Value.Offset);
        Assert.Equal(2, LogLookup.ByTimestamp(_fixture.Log.View, 501)!.Value.Offset);
        Assert.Equal(2, LogLookup.MaxTimestamp(_fixture.Log.View)!.Value.Offset);
        Assert.Null(LogLookup.ByTimestamp(_fixture.Log.View, 901));
    }

    [Fact]
    public void An_empty_log_has_no_times() =>
        Assert.Equal((null, null), (LogLookup.ByTimestamp(_fixture.Log.View, 0), LogLookup.MaxTimestamp(_fixture.Log.View)));
}
