using System.Buffers.Binary;
using Barnabas.Base;
using Barnabas.Log;
using Barnabas.Log.Epochs;
using Barnabas.Protocol.Records;

namespace Barnabas.Tests.Log;

public sealed class PartitionLogTests : IDisposable
{
    private readonly LogFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void The_leader_gives_offsets_and_epoch_and_readers_see_them()
    {
        Assert.Equal(0, _fixture.Append(3, epoch: 4).BaseOffset);
        var second = _fixture.Append(2, epoch: 5);
        Assert.Equal((3L, 4L), (second.BaseOffset, second.LastOffset));
        var headers = LogFixture.ReadAll(_fixture.Log.View, 0);
        Assert.Equal([0L, 3], headers.Select(h => h.BaseOffset));
        Assert.Equal([4, 5], headers.Select(h => h.PartitionLeaderEpoch));
        Assert.Equal([3L], LogFixture.ReadAll(_fixture.Log.View, 4).Select(h => h.BaseOffset));
        Assert.Equal(5, _fixture.Log.View.LogEndOffset);
        Assert.Equal(3, _fixture.Log.View.Epochs.EndOffsetFor(4, 5).StartOffset);
    }

    [Fact]
    public void Staged_batches_are_seen_only_when_written_and_published()
    {
        var batch = LogFixture.Batch(2, new BatchOptions());
        var lease = LogFixture.Lease([.. batch, .. batch]);
        _fixture.Log.AppendAsLeader(lease.Piece(0, batch.Length), 0, _fixture.NowMs);
        _fixture.Log.AppendAsLeader(lease.Piece(batch.Length, batch.Length), 0, _fixture.NowMs);
        Assert.Equal(0, _fixture.Log.View.LogEndOffset);
        Assert.Equal(4, _fixture.Log.LogEndOffset);
        _fixture.Log.WriteStaged();
        lease.Release();
        Assert.Equal(0, _fixture.Log.View.LogEndOffset);
        _fixture.Log.Publish(2);
        Assert.Equal([0L], LogFixture.ReadAll(_fixture.Log.View, 0, limit: ReadLimit.HighWatermark).Select(h => h.BaseOffset));
        Assert.Equal([0L, 2], LogFixture.ReadAll(_fixture.Log.View, 0, limit: ReadLimit.LogEnd).Select(h => h.BaseOffset));
    }

    /// <summary>A follower with other records there would be told that its log is the same.</summary>
    [Fact]
    public void Records_that_are_back_because_the_start_was_not_stored_have_their_epochs_again()
    {
        _fixture.Append(2, epoch: 3);
        _fixture.Append(2, epoch: 4);
        _fixture.Append(2, epoch: 4);
        _fixture.Log.Roll(_fixture.NowMs);
        _fixture.Append(1, epoch: 5);
        Assert.Equal(ErrorCode.None, _fixture.Log.AdvanceLogStart(5));
        Assert.Equal([new EpochEntry(4, 5), new EpochEntry(5, 6)], _fixture.Log.View.Epochs.Entries);
        var job = _fixture.Log.BeginFlush(includeActive: true);
        job.Run();
        _fixture.Log.CompleteFlush(job);

        _fixture.ReopenAfterCrash(recoveryPoint: 7, logStart: 1);
        Assert.Equal([new EpochEntry(3, 1), new EpochEntry(4, 2), new EpochEntry(5, 6)], _fixture.Log.View.Epochs.Entries);
        _fixture.ReopenAfterCrash(recoveryPoint: 7, logStart: 5);
        Assert.Equal([new EpochEntry(4, 5), new EpochEntry(5, 6)], _fixture.Log.View.Epochs.Entries);
    }

    [Fact]
    public void A_new_epoch_hurries_nobody_and_goes_to_the_disk_before_the_recovery_point_moves()
    {
        _fixture.Append(3, epoch: 4);
        _fixture.Append(3, epoch: 5);
        Assert.False(_fixture.Log.HasFlushWork);
        var file = Path.Join(_fixture.Directory, "leader-epoch-checkpoint");
        Assert.False(File.Exists(file));

        _fixture.ReopenAfterCrash();
        Assert.Equal(3, _fixture.Log.View.Epochs.EndOffsetFor(4, 6).StartOffset);

        var job = _fixture.Log.BeginFlush(includeActive: true);
        job.Run();
        Assert.Equal(0, _fixture.Log.RecoveryPoint);
        Assert.Equal("0\n2\n4 0\n5 3\n", File.ReadAllText(file));
        _fixture.Log.CompleteFlush(job);
        Assert.Equal(6, _fixture.Log.RecoveryPoint);

        _fixture.Log.TruncateTo(3);
        Assert.True(_fixture.Log.HasFlushWork);
        _fixture.Log.BeginFlush(includeActive: false).Run();
        Assert.False(_fixture.Log.HasFlushWork);
        Assert.Equal("0\n1\n4 0\n", File.ReadAllText(file));
    }

    [Fact]
    public void Offsets_outside_the_log_are_out_of_range_and_the_end_is_empty()
    {
        _fixture.Append(3);
        var view = _fixture.Log.View;
        Assert.Equal(ErrorCode.OffsetOutOfRange, view.Slice(4, 100, ReadLimit.LogEnd, true).ErrorCode);
        Assert.Equal(ErrorCode.OffsetOutOfRange, view.Slice(-1, 100, ReadLimit.LogEnd, true).ErrorCode);
        Assert.True(view.TrySlice(3, 100, ReadLimit.HighWatermark, true, out var atEnd));
        Assert.True(atEnd.Bytes.IsEmpty);
        _fixture.Log.AdvanceLogStart(2);
        Assert.Equal(ErrorCode.OffsetOutOfRange, _fixture.Log.View.Slice(1, 100, ReadLimit.LogEnd, true).ErrorCode);
        Assert.Equal(ErrorCode.OffsetOutOfRange, _fixture.Log.AdvanceLogStart(4));
    }

    [Fact]
    public void The_tail_is_found_without_reading_and_without_allocating()
    {
        for (var i = 0; i < 100; i++)
        {
            _fixture.Append(2, valueBytes: 1000);
        }

        var view = _fixture.Log.View;
        for (var offset = 200 - 60; offset < 200; offset += 2)
        {
            Assert.True(view.TrySlice(offset, 1 << 20, ReadLimit.HighWatermark, true, out var slice));
            Assert.Equal(offset, LogFixture.HeadersOf(LogFixture.BytesOf(slice))[0].BaseOffset);
            Assert.Equal(200, slice.EndOffset);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            view.TrySlice(198, 1 << 20, ReadLimit.HighWatermark, true, out var slice);
            slice.Bytes.Release();
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void An_append_allocates_no_more_than_the_view_it_publishes()
    {
        var batch = LogFixture.Batch(1, new BatchOptions { ProducerId = 5, ProducerEpoch = 0, BaseSequence = 0 }, 100);
        var lease = LogFixture.Lease(batch);
        const int Turns = 2000;
        for (var turn = 0; turn < Turns; turn++)
        {
            Turn(turn);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var turn = Turns; turn < 2 * Turns; turn++)
        {
            Turn(turn);
        }

        var perTurn = (GC.GetAllocatedBytesForCurrentThread() - before) / Turns;
        Assert.InRange(perTurn, 1, 128); // the view of 80 bytes, and now and then a larger index
        lease.Release();

        void Turn(int sequence)
        {
            BinaryPrimitives.WriteInt32BigEndian(lease.Span[RecordBatchHeader.BaseSequenceAt..], sequence);
            Assert.True(_fixture.Log.AppendAsLeader(lease.Piece(0, batch.Length), 0, 1).ErrorCode == ErrorCode.None);
            _fixture.Log.WriteStaged();
            _fixture.Log.Publish(_fixture.Log.LogEndOffset);
        }
    }

    [Theory, InlineData(1), InlineData(61), InlineData(5000), InlineData(100_000)]
    public void Slices_hold_whole_batches_within_the_bytes_asked_for(int bytesMax)
    {
        for (var i = 0; i < 200; i++)
        {
            _fixture.Append(1 + (i % 5), valueBytes: i * 7 % 900);
        }

        var view = _fixture.Log.View;
        var all = LogFixture.ReadAll(view, 0, bytesMax);
        Assert.Equal(200, all.Count);
        for (var offset = 0L; offset < view.LogEndOffset; offset += 3)
        {
            var slice = view.Slice(offset, bytesMax, ReadLimit.LogEnd, minOneBatch: false);
            Assert.True(slice.Bytes.Length <= bytesMax);
            slice.Bytes.Release();
            var first = LogFixture.HeadersOf(LogFixture.BytesOf(view.Slice(offset, bytesMax, ReadLimit.LogEnd, minOneBatch: true)))[0];
            Assert.InRange(offset, first.BaseOffset, first.LastOffset);
        }
    }

    [Fact]
    public void Segments_roll_by_size_and_by_time_and_all_is_read_across_them()
    {
        _fixture.Config = LogConfig.Default with { SegmentBytes = 1000, SegmentMs = 60_000 };
        for (var i = 0; i < 50; i++)
        {
            _fixture.Append(2, valueBytes: 100);
        }

        var bySize = Directory.GetFiles(_fixture.Directory, "*.log").Length;
        Assert.InRange(bySize, 12, 20);
        _fixture.Append(1, timestampMs: _fixture.NowMs + 100_000);
        Assert.Equal(bySize + 1, Directory.GetFiles(_fixture.Directory, "*.log").Length);
        Assert.Equal(51, LogFixture.ReadAll(_fixture.Log.View, 0).Count);
    }

    [Fact]
    public void A_roll_inside_one_turn_splits_the_write()
    {
        _fixture.Config = LogConfig.Default with { SegmentBytes = 400 };
        var batch = LogFixture.Batch(2, new BatchOptions(), 100);
        var lease = LogFixture.Lease([.. batch, .. batch, .. batch]);
        for (var i = 0; i < 3; i++)
        {
            _fixture.Log.AppendAsLeader(lease.Piece(i * batch.Length, batch.Length), 0, _fixture.NowMs);
        }

        _fixture.Log.WriteStaged();
        _fixture.Log.Publish(6);
        lease.Release();
        Assert.Equal([0L, 2, 4], LogFixture.ReadAll(_fixture.Log.View, 0).Select(h => h.BaseOffset));
        Assert.Equal(3, Directory.GetFiles(_fixture.Directory, "*.log").Length);
    }

    [Fact]
    public void Batches_are_refused_by_size()
    {
        _fixture.Config = LogConfig.Default with { MaxMessageBytes = 500, SegmentBytes = 2000 };
        Assert.Equal(ErrorCode.MessageTooLarge, _fixture.Append(1, valueBytes: 600).ErrorCode);
        _fixture.Log.Config = _fixture.Config with { MaxMessageBytes = 5000 };
        Assert.Equal(ErrorCode.RecordListTooLarge, _fixture.Append(1, valueBytes: 2000).ErrorCode);
        Assert.Equal(0, _fixture.Log.LogEndOffset);
    }

    [Fact]
    public void Append_time_is_stamped_and_checksummed()
    {
        _fixture.Config = LogConfig.Default with { TimestampType = TimestampType.LogAppendTime };
        _fixture.NowMs = 5_000_000;
        Assert.Equal(5_000_000, _fixture.Append(3, timestampMs: 7).LogAppendTimeMs);
        var header = LogFixture.ReadAll(_fixture.Log.View, 0).Single();
        Assert.Equal((5_000_000L, TimestampType.LogAppendTime, 7L), (header.MaxTimestamp, header.TimestampType, header.BaseTimestamp));
    }

    [Fact]
    public void A_follower_takes_batches_as_they_are()
    {
        byte[] batches =
        [
            .. LogFixture.Batch(2, new BatchOptions { BaseOffset = 10, PartitionLeaderEpoch = 3 }),
            .. LogFixture.Batch(2, new BatchOptions { BaseOffset = 14, PartitionLeaderEpoch = 6 }),
        ];
        Assert.Equal((10L, 15L), (_fixture.AppendVerbatim(batches).BaseOffset, _fixture.Log.LogEndOffset - 1));
        Assert.Equal(batches, File.ReadAllBytes(_fixture.PathOf(0, ".log")));
        Assert.Equal([(3, 10L), (6, 14L)], _fixture.Log.View.Epochs.Entries.Select(e => (e.Epoch, e.StartOffset)));
        Assert.Equal(ErrorCode.CorruptMessage, _fixture.AppendVerbatim(batches).ErrorCode);
        var damaged = LogFixture.Batch(1, new BatchOptions { BaseOffset = 16 });
        damaged[^1] ^= 1;
        Assert.Equal(ErrorCode.CorruptMessage, _fixture.AppendVerbatim(damaged).ErrorCode);
        Assert.Equal(16, _fixture.Log.LogEndOffset);
    }

    [Fact]
    public void A_clean_close_is_reopened_as_it_was_and_appended_to()
    {
        _fixture.Config = LogConfig.Default with { SegmentBytes = 20_000 };
        for (var i = 0; i < 100; i++)
        {
            _fixture.Append(2, valueBytes: 500, epoch: i / 30);
        }

        var opened = _fixture.ReopenClean();
        Assert.Equal((0, 0L), (opened.Report.SegmentsScanned, opened.Report.BytesCut));
        Assert.Equal((200L, 200L), (opened.Log.View.LogEndOffset, opened.Log.View.HighWatermark));
        Assert.Equal([0L, 60, 120, 180], opened.Log.View.Epochs.Entries.Select(e => e.StartOffset));
        Assert.Equal(200, _fixture.Append(1).BaseOffset);
        Assert.Equal(101, LogFixture.ReadAll(opened.Log.View, 0).Count);
        Assert.Equal([100L], LogFixture.ReadAll(opened.Log.View, 0).Select(h => h.BaseOffset).Where(o => o is 100 or 101));
    }

    [Fact]
    public void A_torn_tail_is_cut_and_a_hole_with_good_batches_behind_it_is_kept_and_said()
    {
        for (var i = 0; i < 10; i++)
        {
            _fixture.Append(2, valueBytes: 100);
        }

        var path = _fixture.PathOf(0, ".log");
        var bytes = File.ReadAllBytes(path);
        var batchBytes = bytes.Length / 10;
        _fixture.Log.Abandon();
        File.WriteAllBytes(path, bytes[..^5]);
        var torn = _fixture.Open();
        Assert.Equal((18L, batchBytes - 5L, 0), (torn.Log.LogEndOffset, torn.Report.BytesCut, torn.Report.Damages.Count));
        torn.Log.Abandon();

        bytes[(batchBytes * 3) + 100] ^= 0x40;
        File.WriteAllBytes(path, bytes);
        var rotten = _fixture.Open();
        var damage = Assert.Single(rotten.Report.Damages);
        Assert.Equal((6L, 8L), (damage.FirstOffset, damage.NextOffset));
        Assert.Equal((batchBytes * 3, batchBytes * 4), (damage.Position, damage.EndPosition));
        Assert.Equal((20L, 0L), (rotten.Log.LogEndOffset, rotten.Report.BytesCut));
        Assert.Equal(bytes, File.ReadAllBytes(path));
        var view = rotten.Log.View;
        var good = LogFixture.HeadersOf(LogFixture.BytesOf(view.Slice(0, 1 << 20, ReadLimit.LogEnd, true)));
        Assert.Equal([0L, 2, 4], good.Select(h => h.BaseOffset));
        Assert.Equal(ErrorCode.CorruptMessage, view.Slice(6, 1 << 20, ReadLimit.LogEnd, true).ErrorCode);
        Assert.Equal(ErrorCode.CorruptMessage, view.Slice(7, 1 << 20, ReadLimit.LogEnd, true).ErrorCode);
        Assert.Equal(6, LogFixture.ReadAll(view, 8).Count);
    }
}
