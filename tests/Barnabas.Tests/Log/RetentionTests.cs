using Barnabas.Base;
using Barnabas.Log;
using Barnabas.Log.Retention;

namespace Barnabas.Tests.Log;

public sealed class RetentionTests : IDisposable
{
    private readonly LogFixture _fixture = new() { Config = LogConfig.Default with { SegmentBytes = 500, RetentionMs = 1000 } };

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Old_segments_go_and_the_log_starts_at_the_next()
    {
        Fill(20);
        _fixture.NowMs += 5000;
        Fill(2);
        var job = Apply()!;
        Assert.True(job.SegmentCount > 2);
        var start = _fixture.Log.View.LogStartOffset;
        Assert.InRange(start, 20, 21);
        Assert.Equal(ErrorCode.OffsetOutOfRange, _fixture.Log.View.Slice(start - 1, 100, ReadLimit.LogEnd, true).ErrorCode);
        Assert.Equal(start, LogFixture.ReadAll(_fixture.Log.View, start)[0].BaseOffset);
        job.Rename();
        Assert.Equal(job.SegmentCount, Directory.GetFiles(_fixture.Directory, "*.log.deleted").Length);
        job.Remove();
        Assert.Empty(Directory.GetFiles(_fixture.Directory, "*.deleted"));
    }

    [Fact]
    public void When_all_is_old_the_active_segment_is_rolled_and_goes_too()
    {
        Fill(5);
        _fixture.NowMs += 5000;
        Apply()!.Rename();
        Assert.Equal((5L, 5L), (_fixture.Log.View.LogStartOffset, _fixture.Log.View.LogEndOffset));
        Assert.Null(Plan());
        Assert.Equal(5, _fixture.Append(1).BaseOffset);
    }

    [Fact]
    public void Nothing_above_the_high_watermark_goes()
    {
        Fill(20);
        _fixture.NowMs += 5000;
        _fixture.ReopenAfterCrash();
        _fixture.Log.Publish(6);
        Apply();
        Assert.InRange(_fixture.Log.View.LogStartOffset, 1, 6);
    }

    [Fact]
    public void Size_keeps_at_least_what_was_asked_for()
    {
        _fixture.Config = LogConfig.Default with { SegmentBytes = 500, RetentionMs = -1, RetentionBytes = 1200 };
        Fill(30);
        Apply();
        Assert.InRange(_fixture.Log.View.SizeBytes, 1200, 1200 + 500);
    }

    [Fact]
    public void Without_delete_only_the_log_start_counts()
    {
        _fixture.Config = _fixture.Config with { RetentionMs = 0, RetentionBytes = 0, Cleanup = CleanupPolicy.Compact };
        Fill(20);
        _fixture.NowMs += 5000;
        Assert.Null(Plan());
        Assert.Equal(ErrorCode.None, _fixture.Log.AdvanceLogStart(9));
        Apply()!.Rename();
        Assert.Equal(9, _fixture.Log.View.LogStartOffset);
        Assert.Equal(9, LogFixture.ReadAll(_fixture.Log.View, 9).Select(h => h.BaseOffset).First(o => o >= 9));
        Assert.False(File.Exists(_fixture.PathOf(0, ".log")));
    }

    [Fact]
    public void A_slice_of_a_deleted_segment_can_still_be_sent()
    {
        Fill(20);
        var slice = _fixture.Log.View.Slice(0, 1 << 20, ReadLimit.LogEnd, true);
        var old = _fixture.Log.View;
        _fixture.NowMs += 5000;
        var job = Apply()!;
        job.Rename();
        job.Remove();
        Assert.Equal(0, LogFixture.HeadersOf(LogFixture.BytesOf(slice))[0].BaseOffset);
        var stale = old.Slice(0, 1 << 20, ReadLimit.LogEnd, true);
        Assert.True(stale.IsStale);
        Assert.Equal(ErrorCode.OffsetOutOfRange, stale.ErrorCode);
    }

    [Fact]
    public void Files_marked_as_deleted_are_gone_after_a_restart()
    {
        Fill(20);
        _fixture.NowMs += 5000;
        Fill(1);
        Apply()!.Rename();
        var start = _fixture.Log.View.LogStartOffset;
        _fixture.ReopenAfterCrash();
        Assert.Equal(start, _fixture.Log.View.LogStartOffset);
        Assert.Empty(Directory.GetFiles(_fixture.Directory, "*.deleted"));
    }

    private RetentionPlan? Plan() => RetentionPlan.Make(_fixture.Log.View, _fixture.Config, _fixture.NowMs);

    private DeleteJob? Apply() => Plan() is { } plan ? _fixture.Log.Delete(plan, _fixture.NowMs) : null;

    private void Fill(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _fixture.Append(1, valueBytes: 100);
        }
    }
}
