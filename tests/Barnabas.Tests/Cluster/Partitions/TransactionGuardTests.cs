using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Protocol.Records;
using Barnabas.Tests.Log;

namespace Barnabas.Tests.Cluster.Partitions;

/// <summary>
/// A batch whose transaction has to be asked about is held, and goes in after a yes only if nothing has ended that transaction meanwhile:
/// else it would stay open for ever.
/// </summary>
public sealed class TransactionGuardTests : IDisposable
{
    private readonly ReplicaBench _bench = new(inSync: [1]);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_batch_is_held_until_it_is_vouched_for_and_the_next_one_is_not()
    {
        var first = Part(sequence: 0);
        Append(first);
        Assert.True(first.IsHeld);
        Assert.Equal(0, _bench.View.LogEndOffset);
        first.Check = TransactionCheck.Passed;
        Append(first);
        Assert.Equal((false, ErrorCode.None, 0L), (first.IsHeld, first.Error, first.BaseOffset));
        var second = Part(sequence: 1);
        Append(second);
        Assert.Equal((false, ErrorCode.None, 1L), (second.IsHeld, second.Error, second.BaseOffset));
    }

    [Fact]
    public void A_marker_that_came_between_the_question_and_the_answer_keeps_the_batch_out()
    {
        var part = Part(sequence: 0);
        Append(part);
        Append(Marker());
        part.Check = TransactionCheck.Passed;
        Append(part);
        Assert.Equal((false, ErrorCode.NotEnoughReplicas), (part.IsHeld, part.Error));
        Assert.Equal(1, _bench.View.LogEndOffset);

        // Sent again, it is asked about again: a transaction that is still under way goes on.
        var again = Part(sequence: 0);
        Append(again);
        Assert.True(again.IsHeld);
        again.Check = TransactionCheck.Passed;
        Append(again);
        Assert.Equal((ErrorCode.None, 1L), (again.Error, again.BaseOffset));
    }

    [Fact]
    public void The_marker_of_another_producer_does_not()
    {
        var part = Part(sequence: 0);
        Append(part);
        Append(Marker(producerId: 78));
        part.Check = TransactionCheck.Passed;
        Append(part);
        Assert.Equal(ErrorCode.None, part.Error);
    }

    [Fact]
    public void Another_leadership_in_between_keeps_the_batch_out()
    {
        var part = Part(sequence: 0);
        Append(part);
        _bench.Become(state => state with { LeaderEpoch = 6, PartitionEpoch = 2 });
        part.Check = TransactionCheck.Passed;
        Append(part);
        Assert.Equal(ErrorCode.NotEnoughReplicas, part.Error);
    }

    [Fact]
    public void An_open_transaction_of_another_epoch_vouches_for_nothing()
    {
        var first = Part(sequence: 0);
        first.Check = TransactionCheck.None;
        Append(first);
        var other = Part(sequence: 0, epoch: 1);
        Append(other);
        Assert.True(other.IsHeld);
    }

    [Fact]
    public void A_commit_of_offsets_has_the_same_guard()
    {
        TransactionGuard? guard = null;
        var holds = false;
        _bench.Turn(() => guard = TransactionGuard.Of(_bench.Replica, 77, 0), () => holds = guard!.Value.Holds(_bench.Replica, 77));
        Assert.True(holds);
        Append(Marker());
        _bench.Turn(() => holds = guard!.Value.Holds(_bench.Replica, 77));
        Assert.False(holds);
        var part = Part(sequence: 0);
        part.Check = TransactionCheck.None;
        Append(part);
        _bench.Turn(() => guard = TransactionGuard.Of(_bench.Replica, 77, 0));
        Assert.Null(guard);
    }

    /// <summary>The marker of an aborted transaction, ready to be appended.</summary>
    internal static PartitionAppend Marker(Replica replica, long producerId)
    {
        using var bytes = new ByteWriter();
        using var builder = new RecordBatchBuilder(bytes);
        builder.Begin(new BatchOptions { ProducerId = producerId, ProducerEpoch = 0, IsTransactional = true, IsControl = true });
        ControlRecords.AppendMarker(builder, 1, commit: false, 0);
        builder.End();
        var part = new PartitionAppend { Replica = replica, Origin = AppendOrigin.TransactionEnd };
        part.OwnBatch(bytes.Written);
        return part;
    }

    private PartitionAppend Marker(long producerId = 77) => Marker(_bench.Replica, producerId);

    private void Append(PartitionAppend part) => _bench.Turn(() => _bench.Replica.Append(part));

    private PartitionAppend Part(int sequence, short epoch = 0)
    {
        var batch = LogFixture.Batch(1, new BatchOptions
        {
            ProducerId = 77, ProducerEpoch = epoch, BaseSequence = sequence, IsTransactional = true,
        });
        RecordBatchHeader.TryRead(batch, out var header);
        var part = new PartitionAppend { Replica = _bench.Replica, Header = header, Check = TransactionCheck.Wanted };
        part.OwnBatch(batch);
        return part;
    }
}
