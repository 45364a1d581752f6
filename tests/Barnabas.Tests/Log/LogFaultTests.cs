using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Broker.Worlds;
using Barnabas.Log;
using Barnabas.Log.Retention;
using Barnabas.Protocol.Records;

namespace Barnabas.Tests.Log;

/// <summary>What a failing disk leaves behind, and a stop between any two changes that a log makes to its files.</summary>
public sealed class LogFaultTests
{
    private static readonly LogConfig Config = LogConfig.Default with
    {
        SegmentBytes = 600, IndexIntervalBytes = 100, RetentionBytes = 1500, RetentionMs = -1,
    };

    [Theory, InlineData(false), InlineData(true)]
    public void A_failed_write_breaks_the_log_and_shows_nothing(bool tears)
    {
        var disk = new FailingDisk(new FileDisk()) { TearsWrites = tears };
        using var fixture = new LogFixture { Disk = disk };
        fixture.Append(3);
        var shown = fixture.Log.View;
        disk.FailAt = disk.Changes + 1;
        Assert.Throws<IOException>(() => fixture.Append(2));
        Assert.True(fixture.Log.IsBroken);
        Assert.Same(shown, fixture.Log.View);
        Assert.Equal(3, LogFixture.ReadAll(fixture.Log.View, 0).Sum(h => h.RecordCount));
        disk.FailAt = int.MaxValue;
        Assert.Equal(ErrorCode.KafkaStorageError, StageOnly(fixture.Log));
        fixture.Log.Abandon();
        var opened = fixture.Open();
        Assert.Equal((3L, tears), (opened.Log.LogEndOffset, opened.Report.BytesCut > 0));
    }

    [Fact]
    public void A_failed_sync_comes_out_of_the_job_and_moves_no_recovery_point()
    {
        var disk = new FailingDisk(new FileDisk());
        using var fixture = new LogFixture { Disk = disk };
        fixture.Append(3);
        var job = fixture.Log.BeginFlush(includeActive: true);
        disk.FailAt = disk.Changes + 1;
        Assert.Throws<IOException>(job.Run);
        Assert.Equal(0, fixture.Log.RecoveryPoint);
    }

    [Fact]
    public void What_is_staged_is_not_shown_by_a_new_log_start()
    {
        using var fixture = new LogFixture();
        fixture.Append(3);
        var batch = LogFixture.Batch(2, new BatchOptions());
        var lease = LogFixture.Lease(batch);
        fixture.Log.AppendAsLeader(lease.Piece(0, batch.Length), 0, 1);
        Assert.Equal(ErrorCode.None, fixture.Log.AdvanceLogStart(1));
        Assert.Equal((1L, 3L), (fixture.Log.View.LogStartOffset, fixture.Log.View.LogEndOffset));
        fixture.Log.WriteStaged();
        Assert.Equal(5, fixture.Log.Publish(5).LogEndOffset);
        lease.Release();
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_stop_between_any_two_changes_loses_nothing_that_was_shown(bool tears)
    {
        var all = new FailingDisk(new FileDisk());
        using (var dry = new Script(all))
        {
            dry.Run();
        }

        Assert.True(all.Changes > 100);
        for (var at = 1; at <= all.Changes; at++)
        {
            var disk = new FailingDisk(new FileDisk()) { FailAt = at, TearsWrites = tears };
            using var script = new Script(disk);
            Assert.ThrowsAny<IOException>(script.Run);
            disk.FailAt = int.MaxValue;
            script.CheckAfterCrash($"change {at}");
        }
    }

    private static ErrorCode StageOnly(PartitionLog log)
    {
        var batch = LogFixture.Batch(1, new BatchOptions());
        var lease = LogFixture.Lease(batch);
        var error = log.AppendAsLeader(lease.Piece(0, batch.Length), 0, 1).ErrorCode;
        lease.Release();
        return error;
    }

    /// <summary>A history with every kind of change, and what has to be left of it at each moment.</summary>
    private sealed class Script(IDisk disk) : IDisposable
    {
        private readonly LogFixture _fixture = new() { Disk = disk, Config = Config };
        private long _mustStart, _mustEnd; // what has to be there
        private long _mayEnd; // what may be there
        private long _recoveryPoint, _logStart;
        private int _sequence;

        public void Run()
        {
            _fixture.Open();
            Fill(12);
            Flush();
            Fill(3);
            Truncate(20);
            Fill(8);
            Retain();
            Fill(2);
            _logStart = _mustStart = _mustEnd - 3;
            _fixture.Log.AdvanceLogStart(_logStart);
            Retain();
            _fixture.ReopenClean();
            _recoveryPoint = _fixture.Log.RecoveryPoint;
            Fill(6);
            Truncate(_recoveryPoint - 1);
            Fill(3);
            _fixture.Log.Close();
        }

        public void CheckAfterCrash(string where)
        {
            _fixture.Log.Abandon();
            var opened = _fixture.Open(clean: false, _recoveryPoint, _logStart);
            Assert.True(opened.Report.Damages.Count == 0, where);
            var view = opened.Log.View;
            Assert.True(view.LogStartOffset <= _mustStart, $"{where}: starts at {view.LogStartOffset}, not {_mustStart}");
            Assert.True(view.LogEndOffset >= _mustEnd, $"{where}: ends at {view.LogEndOffset}, not {_mustEnd}");
            Assert.True(view.LogEndOffset <= _mayEnd, $"{where}: ends at {view.LogEndOffset}, behind {_mayEnd}");
            var headers = LogFixture.ReadAll(view, view.LogStartOffset);
            var first = headers.Count > 0 ? headers[0].BaseOffset : view.LogEndOffset;
            Assert.Equal(view.LogEndOffset - first, headers.Sum(h => h.RecordCount));
            Assert.All(headers, h => Assert.Equal(h.BaseOffset / 10, h.PartitionLeaderEpoch));
        }

        public void Dispose()
        {
            if (!_fixture.Log.IsBroken)
            {
                _fixture.Log.Abandon();
            }

            _fixture.Dispose();
        }

        private void Fill(int batches)
        {
            for (var i = 0; i < batches; i++)
            {
                _mayEnd = Math.Max(_mayEnd, _mustEnd + 2);
                var options = new BatchOptions { ProducerId = 1, ProducerEpoch = 0, BaseSequence = _sequence };
                var result = _fixture.Append(2, options, valueBytes: 60, epoch: (int)(_mustEnd / 10));
                Assert.Equal((ErrorCode.None, _mustEnd), (result.ErrorCode, result.BaseOffset));
                _mustEnd += 2;
                _sequence += 2;
            }
        }

        private void Flush()
        {
            var job = _fixture.Log.BeginFlush(includeActive: true);
            job.Run();
            _fixture.Log.CompleteFlush(job);
            _recoveryPoint = _fixture.Log.RecoveryPoint;
        }

        private void Truncate(long offset)
        {
            offset = offset / 2 * 2;
            _sequence -= (int)(_mustEnd - offset);
            _mustEnd = offset;
            _recoveryPoint = Math.Min(_recoveryPoint, offset);
            _fixture.Log.TruncateTo(offset);
            _mayEnd = offset;
        }

        private void Retain()
        {
            if (RetentionPlan.Make(_fixture.Log.View, Config, _fixture.NowMs) is not { } plan)
            {
                return;
            }

            _mustStart = Math.Max(_mustStart, plan.EndOffset);
            var job = _fixture.Log.Delete(plan, _fixture.NowMs)!;
            job.Rename();
            job.Remove();
        }
    }
}
