using Barnabas.Base;
using Barnabas.Log;
using Barnabas.Log.Producers;
using Barnabas.Protocol.Records;

namespace Barnabas.Tests.Log;

/// <summary>What a leader answers to numbered batches, as seen on Apache Kafka 4.3.1, and what is left of it after a restart.</summary>
public sealed class ProducerTests : IDisposable
{
    private readonly LogFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void One_of_the_last_five_batches_is_a_duplicate_and_an_older_one_is_out_of_order()
    {
        for (var i = 0; i < 6; i++)
        {
            Assert.Equal(i * 2, Produce(sequence: i * 2, count: 2).BaseOffset);
        }

        var again = Produce(sequence: 2, count: 2);
        Assert.Equal((ErrorCode.None, 2L, 3L, true), (again.ErrorCode, again.BaseOffset, again.LastOffset, again.IsDuplicate));
        Assert.Equal(_fixture.NowMs + 1, again.LogAppendTimeMs);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Produce(sequence: 0, count: 2).ErrorCode);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Produce(sequence: 2, count: 1).ErrorCode);
        Assert.Equal(12, _fixture.Log.LogEndOffset);
    }

    [Fact]
    public void A_gap_is_refused_but_an_unknown_producer_may_begin_anywhere()
    {
        Assert.Equal(ErrorCode.None, Produce(sequence: 7, count: 1).ErrorCode);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Produce(sequence: 9, count: 1).ErrorCode);
        Assert.Equal(ErrorCode.None, Produce(sequence: 8, count: 1).ErrorCode);
        Assert.Equal(ErrorCode.None, Produce(sequence: 3, count: 1, producerId: 2).ErrorCode);
    }

    [Fact]
    public void A_lower_epoch_is_fenced_and_a_new_one_begins_at_0()
    {
        Produce(sequence: 0, count: 1, epoch: 3);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, Produce(sequence: 1, count: 1, epoch: 2).ErrorCode);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Produce(sequence: 1, count: 1, epoch: 4).ErrorCode);
        Assert.Equal(ErrorCode.None, Produce(sequence: 0, count: 1, epoch: 4).ErrorCode);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, Produce(sequence: 1, count: 1, epoch: 3).ErrorCode);
    }

    [Fact]
    public void Sequence_numbers_wrap_after_the_largest_integer()
    {
        Produce(sequence: int.MaxValue - 2, count: 2);
        var across = Produce(sequence: int.MaxValue, count: 3);
        Assert.Equal((ErrorCode.None, 2L), (across.ErrorCode, across.BaseOffset));
        Assert.True(Produce(sequence: int.MaxValue, count: 3).IsDuplicate);
        Assert.Equal(ErrorCode.None, Produce(sequence: 2, count: 1).ErrorCode);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Produce(sequence: 0, count: 1).ErrorCode);
    }

    [Fact]
    public void A_refused_batch_changes_nothing()
    {
        Produce(sequence: 0, count: 1);
        Produce(sequence: 5, count: 1);
        Assert.Equal(1, Produce(sequence: 1, count: 1).BaseOffset);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void After_a_restart_retries_are_still_known(bool clean)
    {
        _fixture.Config = LogConfig.Default with { SegmentBytes = 400 };
        for (var i = 0; i < 10; i++)
        {
            Produce(sequence: i, count: 1);
            Produce(sequence: i, count: 1, producerId: 2);
        }

        _ = clean ? _fixture.ReopenClean() : _fixture.ReopenAfterCrash();
        Assert.True(Produce(sequence: 9, count: 1).IsDuplicate);
        Assert.Equal(18, Produce(sequence: 9, count: 1).BaseOffset);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Produce(sequence: 11, count: 1).ErrorCode);
        Assert.Equal(ErrorCode.None, Produce(sequence: 10, count: 1, producerId: 2).ErrorCode);
        Assert.Equal(2, _fixture.Log.DescribeProducers().Count);
    }

    [Fact]
    public void A_damaged_snapshot_is_replaced_by_an_older_one_or_a_full_replay()
    {
        for (var i = 0; i < 5; i++)
        {
            Produce(sequence: i, count: 1);
        }

        _fixture.Log.Close();
        var path = _fixture.PathOf(5, ".snapshot");
        var bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
        _fixture.Open(clean: true);
        Assert.True(Produce(sequence: 4, count: 1).IsDuplicate);
        Assert.True(Produce(sequence: 3, count: 1).IsDuplicate);
    }

    [Fact]
    public void Producers_expire_unless_their_transaction_is_open()
    {
        Produce(sequence: 0, count: 1);
        Produce(sequence: 0, count: 1, producerId: 2, transactional: true);
        _fixture.Log.ExpireProducers(_fixture.NowMs + LogConfig.Default.ProducerIdExpirationMs + 10);
        Assert.Equal(2, Assert.Single(_fixture.Log.DescribeProducers()).ProducerId);
        Assert.Equal(ErrorCode.None, Produce(sequence: 100, count: 1).ErrorCode);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_clock_that_jumps_while_the_log_is_closed_forgets_no_producer(bool clean)
    {
        _fixture.Config = LogConfig.Default with { SegmentBytes = 150 };
        Produce(sequence: 0, count: 1);
        Produce(sequence: 1, count: 1);
        _fixture.NowMs += 2 * LogConfig.Default.ProducerIdExpirationMs;
        _ = clean ? _fixture.ReopenClean() : _fixture.ReopenAfterCrash(recoveryPoint: 1);
        Assert.True(Produce(sequence: 1, count: 1).IsDuplicate);
    }

    [Theory, InlineData(true, true), InlineData(true, false), InlineData(false, true), InlineData(false, false)]
    public void Transactions_hold_the_last_stable_offset_and_aborts_are_listed(bool clean, bool reopen)
    {
        _fixture.Config = LogConfig.Default with { SegmentBytes = 500 };
        _fixture.Append(1);
        Produce(sequence: 0, count: 2, producerId: 7, transactional: true); // 1, 2
        Produce(sequence: 0, count: 2, producerId: 8, transactional: true); // 3, 4
        Assert.Equal(1, _fixture.Log.View.LastStableOffset);
        Assert.Equal(ErrorCode.InvalidTxnState, Produce(sequence: 2, count: 1, producerId: 7).ErrorCode);
        End(7, isAbort: true); // 5
        Assert.Equal(3, _fixture.Log.View.LastStableOffset);
        Produce(sequence: 2, count: 1, producerId: 8, transactional: true); // 6
        if (reopen)
        {
            _ = clean ? _fixture.ReopenClean() : _fixture.ReopenAfterCrash();
            _fixture.Log.Publish(_fixture.Log.LogEndOffset);
            Assert.Equal(3, _fixture.Log.View.LastStableOffset);
        }

        var committed = _fixture.Log.View.Slice(1, 1 << 20, ReadLimit.LastStable, true);
        Assert.Equal([1L], LogFixture.HeadersOf(LogFixture.BytesOf(committed)).Select(h => h.BaseOffset));
        End(8, isAbort: false); // 7
        var view = _fixture.Log.View;
        Assert.Equal(8, view.LastStableOffset);
        var aborted = Assert.Single(view.AbortedBetween(0, 8));
        Assert.Equal((7L, 1L, 5L, 3L), (aborted.ProducerId, aborted.FirstOffset, aborted.LastOffset, aborted.LastStableOffset));
        Assert.Empty(view.AbortedBetween(6, 8));
        Assert.Empty(view.AbortedBetween(0, 1));
    }

    [Fact]
    public void A_marker_that_is_not_replicated_still_holds_the_last_stable_offset()
    {
        Produce(sequence: 0, count: 2, producerId: 7, transactional: true);
        var lease = LogFixture.Lease(LogFixture.Marker(7, 0, isAbort: false));
        _fixture.Log.AppendAsLeader(lease.Piece(0, lease.CapacityBytes), 0, _fixture.NowMs, AppendOrigin.Coordinator);
        _fixture.Log.WriteStaged();
        Assert.Equal(0, _fixture.Log.Publish(2).LastStableOffset);
        Assert.Equal(3, _fixture.Log.Publish(3).LastStableOffset);
        lease.Release();
    }

    [Fact]
    public void A_sealed_segment_that_is_cut_keeps_what_was_aborted_in_it()
    {
        _fixture.Config = LogConfig.Default with { SegmentBytes = 500 };
        Produce(sequence: 0, count: 2, producerId: 7, transactional: true);
        End(7, isAbort: true); // 2
        _fixture.Append(1);
        for (var i = 0; i < 10; i++)
        {
            _fixture.Append(1, valueBytes: 200);
        }

        _fixture.ReopenClean(); // the index of the first segment is on the disk only
        _fixture.Log.TruncateTo(4);
        _fixture.Log.Publish(4);
        Assert.Equal(7, Assert.Single(_fixture.Log.View.AbortedBetween(0, 4)).ProducerId);
    }

    [Fact]
    public void Readers_are_never_made_to_wait_for_an_index_on_the_disk()
    {
        _fixture.Config = LogConfig.Default with { SegmentBytes = 500 };
        Produce(sequence: 0, count: 2, producerId: 7, transactional: true);
        End(7, isAbort: true); // 2
        for (var i = 0; i < 10; i++)
        {
            _fixture.Append(1, valueBytes: 200);
        }

        _fixture.ReopenClean();
        var view = _fixture.Log.Publish(_fixture.Log.LogEndOffset);
        var slice = view.Slice(0, 1 << 20, ReadLimit.LastStable, minOneBatch: true);
        slice.Bytes.Release();
        Assert.False(view.TryListAborted(slice, 0, mayRead: false, out _));
        Assert.True(view.TryListAborted(slice, 0, mayRead: true, out var aborted));
        Assert.Equal(7, Assert.Single(aborted).ProducerId);
        Assert.True(view.TryListAborted(slice, 0, mayRead: false, out aborted));
        Assert.Single(aborted);
    }

    /// <summary>Takes a batch in as the log would.</summary>
    internal static void Note(ProducerStates states, byte[] batch, long offset)
    {
        Assert.True(RecordBatchHeader.TryRead(batch, out var header));
        states.Note(header, batch, offset, offset);
    }

    private AppendResult Produce(int sequence, int count, long producerId = 1, short epoch = 0, bool transactional = false) =>
        _fixture.Append(count, new BatchOptions
        {
            ProducerId = producerId, ProducerEpoch = epoch, BaseSequence = sequence, IsTransactional = transactional,
        });

    private void End(long producerId, bool isAbort)
    {
        var lease = LogFixture.Lease(LogFixture.Marker(producerId, 0, isAbort));
        var result = _fixture.Log.AppendAsLeader(lease.Piece(0, lease.CapacityBytes), 0, _fixture.NowMs, AppendOrigin.Coordinator);
        Assert.Equal(ErrorCode.None, result.ErrorCode);
        _fixture.Log.WriteStaged();
        _fixture.Log.Publish(_fixture.Log.LogEndOffset);
        lease.Release();
    }
}
