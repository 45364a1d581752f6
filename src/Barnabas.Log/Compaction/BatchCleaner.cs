using Barnabas.Base.Bytes;
using Barnabas.Log.Indexes;
using Barnabas.Protocol.Records;
using Barnabas.Protocol.Records.Compression;

namespace Barnabas.Log.Compaction;

/// <summary>What decides about records besides their keys. Immutable.</summary>
/// <param name="MapEnd">The first offset that the map says nothing of: records from there on stay.</param>
/// <param name="RoundEnd">Where what may be cleaned ends: the batch before it stays, empty if need be, to keep that offset.</param>
/// <param name="NowMs">Delete horizons up to this time have passed.</param>
/// <param name="DeleteRetentionMs"><c>delete.retention.ms</c>: how far off a new delete horizon is.</param>
internal sealed record CleaningRules(long MapEnd, long RoundEnd, long NowMs, long DeleteRetentionMs);

/// <summary>
/// Writes a batch again without the records that compaction takes away. What is left keeps its offsets, and the batch its base and last
/// offset, producer and sequence. Owned by its cleaning.
/// </summary>
internal sealed class BatchCleaner(
    OffsetMap map, CleanedTransactions transactions, LiveProducers producers, CleaningRules rules) : IDisposable
{
    private readonly BatchBody _body = new();
    private readonly List<bool> _keeps = [];

    /// <summary>What the transaction index has to say of the last batch, if it was a marker that stays.</summary>
    internal AbortedTransaction? Aborted { get; private set; }

    /// <summary>Why a batch could not be judged, or null.</summary>
    internal string? Problem => _body.Problem;

    /// <summary>Writes what is left of a batch: one batch or nothing. False when nobody may clean, since it cannot be judged.</summary>
    internal bool Clean(ReadOnlySpan<byte> batch, in RecordBatchHeader header, ByteWriter output)
    {
        var mayDrop = Judge(batch, header);
        var isPastHorizon = header.HasDeleteHorizon && header.BaseTimestamp <= rules.NowMs;
        if (mayDrop && (!header.IsControl || isPastHorizon))
        {
            WriteEmptyIfNeeded(header, output);
            return true;
        }

        if (!_body.TryOpen(batch, header, out var isReadable))
        {
            return false;
        }

        if (!isReadable)
        {
            output.WriteSpan(batch); // a client's bad body under a good checksum: nobody can say that it is not needed
            return true;
        }

        var (count, hasTombstones) = Choose(header);
        if (count == 0)
        {
            WriteEmptyIfNeeded(header, output);
            return true;
        }

        var getsHorizon = !header.HasDeleteHorizon && (hasTombstones || mayDrop);
        if (count == _keeps.Count && !getsHorizon)
        {
            output.WriteSpan(batch);
            return true;
        }

        Rewrite(header, getsHorizon ? rules.NowMs + rules.DeleteRetentionMs : header.HasDeleteHorizon ? header.BaseTimestamp : -1, output);
        return true;
    }

    public void Dispose() => _body.Dispose();

    private bool Judge(ReadOnlySpan<byte> batch, in RecordBatchHeader header)
    {
        Aborted = null;
        if (!header.IsControl)
        {
            return transactions.IsAborted(header);
        }

        var mayDrop = transactions.MayDropMarker(header, batch, out var kept);
        Aborted = kept;
        return mayDrop;
    }

    private (int Count, bool HasTombstones) Choose(in RecordBatchHeader header)
    {
        _keeps.Clear();
        var count = 0;
        var hasTombstones = false;
        var reader = _body.Records(header);
        while (reader.TryRead(out var record))
        {
            var keeps = header.IsControl || IsKept(record, header);
            _keeps.Add(keeps);
            count += keeps ? 1 : 0;
            hasTombstones |= keeps && !record.Value.HasValue;
        }

        return (count, hasTombstones);
    }

    private bool IsKept(in Record record, in RecordBatchHeader header)
    {
        var offset = header.BaseOffset + record.OffsetDelta;
        if (offset >= rules.MapEnd)
        {
            return true;
        }

        if (!record.Key.HasValue || offset < map.OffsetOf(record.Key.Span))
        {
            return false;
        }

        return record.Value.HasValue || !header.HasDeleteHorizon || rules.NowMs < header.BaseTimestamp;
    }

    private void Rewrite(in RecordBatchHeader header, long horizonMs, ByteWriter output)
    {
        using var builder = new RecordBatchBuilder(output);
        builder.Begin(OptionsOf(header) with { Compression = header.Compression, DeleteHorizonMs = horizonMs });
        var isAppendTime = header.TimestampType == TimestampType.LogAppendTime;
        var reader = _body.Records(header);
        for (var i = 0; reader.TryRead(out var record); i++)
        {
            if (_keeps[i])
            {
                var timestampMs = isAppendTime ? header.MaxTimestamp : header.BaseTimestamp + record.TimestampDelta;
                builder.Append(record.OffsetDelta, timestampMs, record.Key, record.Value, record.HeaderCount, record.HeaderBytes);
            }
        }

        builder.End(header.LastOffsetDelta);
    }

    private void WriteEmptyIfNeeded(in RecordBatchHeader header, ByteWriter output)
    {
        if (!producers.IsLastOf(header) && header.NextOffset != rules.RoundEnd)
        {
            return;
        }

        var start = output.Length;
        using var builder = new RecordBatchBuilder(output);
        builder.Begin(OptionsOf(header));
        var size = builder.End(header.LastOffsetDelta);
        BatchStamp.SetMaxTimestamp(output.At(start, size), header.TimestampType, header.MaxTimestamp);
    }

    private static BatchOptions OptionsOf(in RecordBatchHeader header) => new()
    {
        BaseOffset = header.BaseOffset,
        PartitionLeaderEpoch = header.PartitionLeaderEpoch,
        LogAppendTimeMs = header.TimestampType == TimestampType.LogAppendTime ? header.MaxTimestamp : -1,
        ProducerId = header.ProducerId,
        ProducerEpoch = header.ProducerEpoch,
        BaseSequence = header.BaseSequence,
        IsTransactional = header.IsTransactional,
        IsControl = header.IsControl,
    };
}
