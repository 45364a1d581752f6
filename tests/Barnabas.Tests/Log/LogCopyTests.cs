using Barnabas.Base;
using Barnabas.Log;
using Barnabas.Log.Copying;
using Barnabas.Protocol.Records;

namespace Barnabas.Tests.Log;

/// <summary>A log that is made the same as another, from nothing or from what another run of the program left.</summary>
public sealed class LogCopyTests : IDisposable
{
    private static readonly LogConfig Config = LogConfig.Default with { SegmentBytes = 1000, IndexIntervalBytes = 100 };
    private readonly LogFixture _source = new() { Config = Config };
    private readonly LogFixture _target = new() { Config = Config };

    public void Dispose()
    {
        _source.Dispose();
        _target.Dispose();
    }

    [Fact]
    public void A_copy_has_the_same_bytes_offsets_epochs_producers_and_start()
    {
        for (var i = 0; i < 20; i++)
        {
            _source.Append(3, new BatchOptions { ProducerId = 9, ProducerEpoch = 0, BaseSequence = i * 3 }, epoch: i / 7);
        }

        // In the middle of a batch, which is copied whole.
        _source.Log.AdvanceLogStart(4);
        using var copy = new LogCopy(_target.Open(logStart: LogCopy.StartOf(() => _source.Log.View)).Log);
        CopyAll(copy);
        copy.Complete(_source.Log.View);
        Assert.Equal(4, copy.View.LogStartOffset);
        _target.Open(clean: true, recoveryPoint: 60, logStart: 4, highWatermark: 60);
        Assert.Equal(
            (4L, 60L, 2), (_target.Log.View.LogStartOffset, _target.Log.LogEndOffset, _target.Log.LatestEpoch));
        Assert.Equal(BytesFrom(_source, 4), BytesFrom(_target, 4));
        Assert.Equal(60, _target.Append(3, new BatchOptions { ProducerId = 9, ProducerEpoch = 0, BaseSequence = 60 }, epoch: 2).BaseOffset);
        Assert.Equal(57, _target.Append(3, new BatchOptions { ProducerId = 9, ProducerEpoch = 0, BaseSequence = 57 }, epoch: 2).BaseOffset);
    }

    [Fact]
    public void A_log_whose_start_passes_the_copy_is_copied_from_there()
    {
        AppendMany(_source, 10, epoch: 0);
        using var copy = new LogCopy(_target.Open().Log);
        CopyPiece(copy);
        AppendMany(_source, 20, epoch: 0);
        _source.Log.AdvanceLogStart(27);
        CopyAll(copy);
        copy.Complete(_source.Log.View);
        Assert.Equal(BytesFrom(_source, 27), BytesFrom(Reopened(start: 27, end: 30), 27));

        // What the copy had of before is not there to come back where a crash takes the checkpoint of the log's start.
        _target.ReopenAfterCrash();
        Assert.Equal((27L, 30L), (_target.Log.View.LogStartOffset, _target.Log.LogEndOffset));
    }

    [Fact]
    public void What_is_committed_after_the_last_piece_is_committed_in_the_copy()
    {
        AppendMany(_source, 3, epoch: 0);
        var batch = LogFixture.Batch(1, new BatchOptions());
        var lease = LogFixture.Lease(batch);
        _source.Log.AppendAsLeader(lease.Piece(0, batch.Length), 0, _source.NowMs);
        _source.Log.WriteStaged();
        lease.Release();
        _source.Log.Publish(3);
        using var copy = new LogCopy(_target.Open().Log);
        CopyAll(copy);
        Assert.Equal((3L, 4L), (copy.View.HighWatermark, copy.View.LogEndOffset));
        _source.Log.Publish(4);
        copy.Complete(_source.Log.View);
        Assert.Equal(4, copy.View.HighWatermark);
    }

    [Fact]
    public void A_copy_of_before_is_cut_where_the_log_parted_from_it()
    {
        AppendMany(_source, 5, epoch: 0);
        AppendMany(_source, 5, epoch: 1);
        using var copy = new LogCopy(_target.Open().Log);
        CopyAll(copy);

        // A power cut took the last three, and others came in their place; one of them has the same offset.
        _source.Log.TruncateTo(7);
        _source.Log.StartEpoch(2);
        AppendMany(_source, 6, epoch: 2);
        Assert.True(copy.Reconcile(_source.Log.View, _source.NowMs));
        Assert.Equal(7, copy.Log.LogEndOffset);
        CopyAll(copy);
        copy.Complete(_source.Log.View);
        Assert.Equal(BytesFrom(_source, 0), BytesFrom(Reopened(start: 0, end: 13), 0));
    }

    [Fact]
    public void A_copy_that_knows_more_is_cut_to_the_log()
    {
        AppendMany(_source, 10, epoch: 3);
        using var copy = new LogCopy(_target.Open().Log);
        CopyAll(copy);
        _source.Log.TruncateTo(6);
        Assert.True(copy.Reconcile(_source.Log.View, _source.NowMs));
        Assert.Equal(6, copy.Log.LogEndOffset);
    }

    [Theory, InlineData(9), InlineData(-1)]
    public void A_copy_that_has_nothing_of_the_log_is_begun_anew(int epoch)
    {
        AppendMany(_source, 10, epoch: 3);
        AppendMany(_target, 4, epoch);
        using var copy = new LogCopy(_target.Log);
        Assert.False(copy.Reconcile(_source.Log.View, _source.NowMs));
    }

    private static void AppendMany(LogFixture log, int count, int epoch)
    {
        for (var i = 0; i < count; i++)
        {
            log.Append(1, valueBytes: 50, epoch: epoch);
        }
    }

    private static byte[] BytesFrom(LogFixture log, long offset)
    {
        var bytes = new List<byte>();
        while (offset < log.Log.View.LogEndOffset)
        {
            var slice = log.Log.View.Slice(offset, 1 << 20, ReadLimit.LogEnd, minOneBatch: true);
            Assert.Equal(ErrorCode.None, slice.ErrorCode);
            var read = LogFixture.BytesOf(slice);
            bytes.AddRange(read);
            offset = LogFixture.HeadersOf(read)[^1].NextOffset;
        }

        return [.. bytes];
    }

    private LogFixture Reopened(long start, long end)
    {
        _target.Open(clean: true, recoveryPoint: end, logStart: start, highWatermark: end);
        return _target;
    }

    private void CopyAll(LogCopy copy)
    {
        while (CopyPiece(copy))
        {
        }

        copy.Flush();
    }

    private bool CopyPiece(LogCopy copy)
    {
        var isRead = copy.Read(() => _source.Log.View, out var error);
        Assert.Equal(ErrorCode.None, error);
        return isRead && (copy.Write(_source.Log.View, _source.NowMs) ? true : throw new InvalidOperationException("it was refused"));
    }
}
