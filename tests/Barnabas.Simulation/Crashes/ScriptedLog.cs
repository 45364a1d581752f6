using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Log;
using Barnabas.Protocol.Records;

namespace Barnabas.Simulation.Crashes;

/// <summary>
/// A partition of a script, and what has to be left of it at each moment: batches of two records of one idempotent producer. Owned by its
/// script.
/// </summary>
internal sealed class ScriptedLog(string topic, Uuid id)
{
    private const long ProducerId = 5;
    private const int RecordsPerBatch = 2;

    // Value and sequence of each offset, as they are now and as they were before the last cut.
    private readonly SortedDictionary<long, (int Value, int Sequence)> _values = [];
    private SortedDictionary<long, (int Value, int Sequence)>? _before;
    private long _durableEnd;
    private long _startMax;
    private int _nextValue, _sequence;
    private bool _isCutting;

    public TopicPartition Partition { get; } = new(topic, 0);

    public Uuid Id => id;

    public PartitionLog Log { get; set; } = null!;

    /// <summary>The log's end, as its readers saw it.</summary>
    public long End { get; private set; }

    /// <summary>True once its creation has come back.</summary>
    public bool IsMade { get; set; }

    /// <summary>True once its deletion has begun.</summary>
    public bool MayBeGone { get; set; }

    /// <summary>Appends the next batch, which is there and shown when this returns.</summary>
    public void Append(long nowMs, int epoch)
    {
        for (var i = 0; i < RecordsPerBatch; i++)
        {
            _values[End + i] = (_nextValue + i, _sequence + i);
        }

        var bytes = Batch(_nextValue, _sequence, nowMs);
        var result = AppendTo(Log, bytes, epoch, nowMs);
        Assert.Equal((ErrorCode.None, End), (result.ErrorCode, result.BaseOffset));
        _nextValue += RecordsPerBatch;
        _sequence += RecordsPerBatch;
        End += RecordsPerBatch;
    }

    /// <summary>All below is on the platters.</summary>
    public void MakeDurable(long end)
    {
        _durableEnd = Math.Max(_durableEnd, end);
        _before = _durableEnd >= End ? null : _before;
    }

    /// <summary>The log is about to be cut: until it is done either may come back, and after a power cut for longer.</summary>
    public void Cut(long offset)
    {
        _before = new SortedDictionary<long, (int Value, int Sequence)>(_values);
        foreach (var gone in _values.Keys.Where(at => at >= offset).ToArray())
        {
            _values.Remove(gone);
        }

        _isCutting = true;
        _durableEnd = Math.Min(_durableEnd, offset);
        _sequence -= (int)(End - offset);
        End = offset;
    }

    /// <summary>The log is about to be dropped, to begin anew elsewhere.</summary>
    public void StartsOver(long start)
    {
        Cut(_values.Count > 0 ? _values.Keys.First() : End);
        (End, _durableEnd, _startMax, _sequence) = (start, 0, start, 0);
    }

    /// <summary>The cut is done.</summary>
    public void HasBeenCut() => _isCutting = false;

    /// <summary>The first records are about to go.</summary>
    public void MayStartAt(long offset) => _startMax = Math.Max(_startMax, offset);

    /// <summary>Judges the log as it was opened after the end of the script.</summary>
    public void CheckAgainst(PartitionLog log, bool isPowerCut)
    {
        var view = log.Publish(log.LogEndOffset);
        var where = $"{Partition}: {view.LogStartOffset} to {view.LogEndOffset}, where {_startMax} to {End} was shown, {_durableEnd} safe";
        var mayBeUncut = _before is not null && (isPowerCut || _isCutting);
        Assert.True(view.LogStartOffset <= _startMax, $"starts too late: {where}");
        Assert.True(view.LogEndOffset >= (isPowerCut ? _durableEnd : End) || mayBeUncut, $"lost its end: {where}");
        var next = -1L;
        foreach (var (offset, value) in Read(view))
        {
            Assert.True(next < 0 || next == offset, $"hole before {offset}: {where}");
            next = offset + 1;
            var isNow = _values.TryGetValue(offset, out var expected) && expected.Value == value;
            var wasBefore = mayBeUncut && _before!.TryGetValue(offset, out var old) && old.Value == value;
            Assert.True(isNow || wasBefore, $"record {value} at {offset}: {where}");
        }

        Assert.True(next < 0 || next == view.LogEndOffset, $"records up to {next}: {where}");
        if (!mayBeUncut)
        {
            CheckProducer(log, where);
        }
    }

    // The batch that was the last to survive is a duplicate, and the next one follows.
    private void CheckProducer(PartitionLog log, string where)
    {
        var records = Read(log.View).ToArray();
        if (records.Length == 0)
        {
            return;
        }

        var last = records[^1];
        var sequence = _values[last.Offset].Sequence + 1;
        var again = AppendTo(log, Batch(last.Value - 1, sequence - RecordsPerBatch, 0), 1000, 0);
        Assert.True(
            again.ErrorCode == ErrorCode.None && again.BaseOffset == last.Offset - 1 && log.LogEndOffset == last.Offset + 1,
            $"the last batch again: {again.ErrorCode} at {again.BaseOffset}, {where}");
        var next = AppendTo(log, Batch(last.Value + 1, sequence, 0), 1000, 0);
        Assert.True(next.ErrorCode == ErrorCode.None, $"the next batch: {next.ErrorCode}, {where}");
    }

    private static IEnumerable<(long Offset, int Value)> Read(LogView view)
    {
        var found = new List<(long, int)>();
        for (var offset = view.LogStartOffset; offset < view.LogEndOffset;)
        {
            var slice = view.Slice(offset, 1 << 20, ReadLimit.LogEnd, minOneBatch: true);
            Assert.Equal(ErrorCode.None, slice.ErrorCode);
            Assert.False(slice.Bytes.IsEmpty, $"nothing at {offset} of {view.LogEndOffset}");
            var bytes = new byte[slice.Bytes.Length];
            Assert.Equal(bytes.Length, slice.Bytes.Data.Read(bytes, slice.Bytes.Position));
            slice.Bytes.Release();
            for (ReadOnlySpan<byte> left = bytes; left.Length > 0;)
            {
                Assert.True(RecordBatchHeader.TryRead(left, out var header));
                var records = new RecordReader(left[RecordBatchHeader.HeaderBytes..(int)header.SizeBytes], header.RecordCount);
                for (var at = header.BaseOffset; records.TryRead(out var record); at++)
                {
                    found.Add((at, int.Parse(record.Value.Span)));
                }

                offset = header.NextOffset;
                left = left[(int)header.SizeBytes..];
            }
        }

        return found;
    }

    private static AppendResult AppendTo(PartitionLog log, byte[] batch, int epoch, long nowMs)
    {
        var lease = BufferPool.RentUnpooled(batch.Length);
        batch.CopyTo(lease.Span);
        var result = log.AppendAsLeader(lease.Piece(0, batch.Length), epoch, nowMs);
        log.WriteStaged();
        log.Publish(log.LogEndOffset);
        lease.Release();
        return result;
    }

    private static byte[] Batch(int firstValue, int sequence, long nowMs)
    {
        using var output = new ByteWriter();
        using var builder = new RecordBatchBuilder(output);
        builder.Begin(new BatchOptions { ProducerId = ProducerId, ProducerEpoch = 0, BaseSequence = sequence });
        for (var i = 0; i < RecordsPerBatch; i++)
        {
            builder.Append(nowMs, OptionalBytes.Null, System.Text.Encoding.ASCII.GetBytes($"{firstValue + i:D40}"));
        }

        builder.End();
        return output.Written.ToArray();
    }
}
