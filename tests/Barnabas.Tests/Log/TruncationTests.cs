using Barnabas.Broker.Worlds;
using Barnabas.Log;
using Barnabas.Protocol.Records;

namespace Barnabas.Tests.Log;

public sealed class TruncationTests : IDisposable
{
    private readonly LogFixture _fixture = new() { Config = LogConfig.Default with { SegmentBytes = 500 } };

    public void Dispose() => _fixture.Dispose();

    [Theory, InlineData(0), InlineData(1), InlineData(12), InlineData(13), InlineData(38), InlineData(40)]
    public void Whole_batches_at_and_behind_the_offset_go(long offset)
    {
        for (var i = 0; i < 20; i++)
        {
            var options = new BatchOptions { ProducerId = 1, ProducerEpoch = 0, BaseSequence = i * 2 };
            _fixture.Append(2, options, valueBytes: 50, epoch: i / 5);
        }

        _fixture.Log.TruncateTo(offset);
        var end = Math.Min(40, offset / 2 * 2);
        AssertEnd(end);
        _fixture.ReopenAfterCrash(recoveryPoint: 40);
        AssertEnd(end);
        var options2 = new BatchOptions { ProducerId = 1, ProducerEpoch = 0, BaseSequence = (int)end };
        Assert.Equal(end, _fixture.Append(2, options2, epoch: 9).BaseOffset);
        Assert.Equal(9, _fixture.Log.View.Epochs.Latest);
        _fixture.ReopenClean();
        AssertEnd(end + 2, 9);
    }

    [Fact]
    public void Starting_over_leaves_an_empty_log_at_the_new_start()
    {
        _fixture.Append(5);
        _fixture.Log.TruncateFully(100, _fixture.NowMs);
        Assert.Equal((100L, 100L, 100L),
            (_fixture.Log.View.LogStartOffset, _fixture.Log.View.LogEndOffset, _fixture.Log.View.HighWatermark));
        Assert.Equal(100, _fixture.Append(1).BaseOffset);
        _fixture.ReopenAfterCrash();
        Assert.Equal((100L, 101L), (_fixture.Log.View.LogStartOffset, _fixture.Log.View.LogEndOffset));
    }

    /// <summary>Its offsets were given out: a log that came back empty at 0 would give them out again, with other records.</summary>
    [Theory, InlineData(20), InlineData(40), InlineData(100)]
    public void A_stop_while_it_starts_over_leaves_the_old_log_or_the_new_start(long newStart)
    {
        var isDone = false;
        for (var at = 1; !isDone; at++)
        {
            var disk = new FailingDisk(new FileDisk());
            using var fixture = new LogFixture { Disk = disk, Config = _fixture.Config };
            fixture.Open();
            for (var i = 0; i < 20; i++)
            {
                fixture.Append(2, new BatchOptions { ProducerId = 1, ProducerEpoch = 0, BaseSequence = i * 2 }, valueBytes: 50, epoch: 3);
            }

            var job = fixture.Log.BeginFlush(includeActive: true); // snapshots and indexes
            job.Run();
            fixture.Log.CompleteFlush(job);
            disk.FailAt = disk.Changes + at;
            try
            {
                fixture.Log.TruncateFully(newStart, fixture.NowMs);
                isDone = true;
            }
            catch (IOException)
            {
                disk.FailAt = int.MaxValue;
            }

            fixture.ReopenAfterCrash(recoveryPoint: 40);
            var view = fixture.Log.View;
            var isOld = view.LogEndOffset >= Math.Min(newStart, 40) && view.LogEndOffset <= 40;
            Assert.True(isOld || view.LogEndOffset == newStart, $"change {at}: ends at {view.LogEndOffset}");
            var records = LogFixture.ReadAll(view, view.LogStartOffset).Sum(h => h.RecordCount);
            Assert.Equal(isOld ? view.LogEndOffset - view.LogStartOffset : 0, records);
            Assert.True(view.LogStartOffset < view.LogEndOffset || fixture.Log.DescribeProducers().Count == 0, $"change {at}");
            Assert.True(!isDone || at > 10);
        }
    }

    [Fact]
    public void A_flush_from_before_a_truncation_does_not_move_the_recovery_point()
    {
        _fixture.Append(5);
        var job = _fixture.Log.BeginFlush(includeActive: true);
        job.Run();
        _fixture.Log.TruncateTo(2);
        _fixture.Log.CompleteFlush(job);
        Assert.Equal(0, _fixture.Log.RecoveryPoint);
        var after = _fixture.Log.BeginFlush(includeActive: true);
        after.Run();
        _fixture.Log.CompleteFlush(after);
        Assert.Equal(_fixture.Log.LogEndOffset, _fixture.Log.RecoveryPoint);
    }

    [Fact]
    public void A_cut_into_a_segment_that_nobody_has_read_keeps_its_aborted_transactions()
    {
        _fixture.Append(1, new BatchOptions { ProducerId = 9, ProducerEpoch = 0, BaseSequence = 0, IsTransactional = true });
        _fixture.Append(LogFixture.Marker(9, 0, isAbort: true));
        _fixture.Append(1);
        _fixture.Log.Roll(_fixture.NowMs);
        _fixture.Append(1);
        _fixture.ReopenClean();
        _fixture.Log.TruncateTo(2);
        var aborted = _fixture.Log.View.AbortedBetween(0, 2).Single();
        Assert.Equal((9L, 0L, 1L), (aborted.ProducerId, aborted.FirstOffset, aborted.LastOffset));
    }

    private void AssertEnd(long end, int latestEpoch = -2)
    {
        Assert.Equal(end, _fixture.Log.View.LogEndOffset);
        var headers = LogFixture.ReadAll(_fixture.Log.View, 0);
        Assert.Equal(end / 2, headers.Count);
        Assert.Equal(end, headers.Count == 0 ? 0 : headers[^1].NextOffset);
        var expected = latestEpoch > -2 ? latestEpoch : end == 0 ? -1 : (end - 1) / 10;
        Assert.Equal(expected, _fixture.Log.View.Epochs.Latest);
    }
}
