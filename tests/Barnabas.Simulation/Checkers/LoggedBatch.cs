using System.Text;
using Barnabas.Protocol.Records;

namespace Barnabas.Simulation.Checkers;

/// <summary>One batch as it lies in a log or comes from a fetch.</summary>
internal sealed record LoggedBatch(long BaseOffset, long LastOffset, int LeaderEpoch, long ProducerId, int BaseSequence, string[] Values)
{
    /// <summary>The value of a record without one.</summary>
    public const string Tombstone = "-";

    /// <summary>Of each record; empty where it has none.</summary>
    public string[] Keys { get; private init; } = [];

    /// <summary>Of each record: others in between may have been compacted away.</summary>
    public long[] Offsets { get; private init; } = [];

    /// <summary>Of each record.</summary>
    public long[] Timestamps { get; private init; } = [];

    /// <summary>Of the producer; of a marker from transaction version 2 on higher than that of the transaction's records.</summary>
    public short ProducerEpoch { get; private init; }

    public bool IsTransactional { get; private init; }

    /// <summary>True for the marker that ends a transaction.</summary>
    public bool IsControl { get; private init; }

    /// <summary>True for a marker that aborts.</summary>
    public bool IsAbort { get; private init; }

    /// <summary>Cuts bytes into whole batches; fails when what is left is no batch.</summary>
    public static List<LoggedBatch> Read(ReadOnlySpan<byte> bytes, string where)
    {
        var batches = new List<LoggedBatch>();
        while (bytes.Length > 0)
        {
            var isHeader = RecordBatchHeader.TryRead(bytes, out var header) && header.SizeBytes <= bytes.Length;
            ViolationException.Unless(isHeader, $"{where}: {bytes.Length} bytes behind {batches.Count} batches are not a whole batch");
            batches.Add(Read(bytes[..(int)header.SizeBytes], header));
            bytes = bytes[(int)header.SizeBytes..];
        }

        return batches;
    }

    /// <summary>True when both hold the same records in the same place.</summary>
    public bool IsSame(LoggedBatch other) =>
        BaseOffset == other.BaseOffset && LastOffset == other.LastOffset && LeaderEpoch == other.LeaderEpoch
        && ProducerId == other.ProducerId && BaseSequence == other.BaseSequence && Values.AsSpan().SequenceEqual(other.Values);

    /// <summary>True when this is what compaction may have left of another batch.</summary>
    public bool IsThinned(LoggedBatch whole) =>
        BaseOffset == whole.BaseOffset && LastOffset == whole.LastOffset && LeaderEpoch == whole.LeaderEpoch
        && ProducerId == whole.ProducerId && BaseSequence == whole.BaseSequence
        && Enumerable.Range(0, Offsets.Length).All(i => Array.IndexOf(whole.Offsets, Offsets[i]) is var at and >= 0
            && Keys[i] == whole.Keys[at] && Values[i] == whole.Values[at]);

    /// <inheritdoc/>
    public override string ToString() => $"[{BaseOffset}..{LastOffset} epoch {LeaderEpoch}: {string.Join(' ', Values)}]";

    private static LoggedBatch Read(ReadOnlySpan<byte> batch, in RecordBatchHeader header)
    {
        var isAbort = false;
        var timestamps = new List<long>();
        var keys = new List<string>();
        var offsets = new List<long>();
        var values = new List<string>();
        var reader = new RecordReader(batch[RecordBatchHeader.HeaderBytes..], header.RecordCount);
        while (reader.TryRead(out var record))
        {
            values.Add(record.Value.HasValue ? Encoding.UTF8.GetString(record.Value.Span) : Tombstone);
            keys.Add(record.Key.HasValue ? Encoding.Latin1.GetString(record.Key.Span) : "");
            offsets.Add(header.BaseOffset + record.OffsetDelta);
            timestamps.Add(header.BaseTimestamp + record.TimestampDelta);
            isAbort |= header.IsControl && ControlRecords.TryReadType(record.Key, out var type) && type == ControlRecordType.Abort;
        }

        return new LoggedBatch(
            header.BaseOffset, header.BaseOffset + header.LastOffsetDelta, header.PartitionLeaderEpoch, header.ProducerId,
            header.BaseSequence, [.. values])
        {
            ProducerEpoch = header.ProducerEpoch,
            Keys = [.. keys],
            Offsets = [.. offsets],
            Timestamps = [.. timestamps],
            IsTransactional = header.IsTransactional,
            IsControl = header.IsControl,
            IsAbort = isAbort,
        };
    }
}
