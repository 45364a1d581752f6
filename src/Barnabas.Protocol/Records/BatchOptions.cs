namespace Barnabas.Protocol.Records;

/// <summary>
/// What a batch says of itself besides its records. Make one with <c>new()</c>, whose values are those of a plain batch, not with
/// <c>default</c>.
/// </summary>
public readonly record struct BatchOptions()
{
    /// <summary>Offset of the first record.</summary>
    public long BaseOffset { get; init; }

    /// <summary>-1 where a leader will set it.</summary>
    public int PartitionLeaderEpoch { get; init; } = -1;

    public CompressionType Compression { get; init; }

    /// <summary>The codec's own level, or <see cref="CompressionLevels.Default"/>.</summary>
    public int CompressionLevel { get; init; } = CompressionLevels.Default;

    /// <summary>When at least 0: the batch has append time, and this is its largest timestamp, in milliseconds.</summary>
    public long LogAppendTimeMs { get; init; } = -1;

    /// <summary>-1 for a producer without idempotence.</summary>
    public long ProducerId { get; init; } = -1;

    public short ProducerEpoch { get; init; } = -1;

    /// <summary>Sequence number of the first record; -1 for none.</summary>
    public int BaseSequence { get; init; } = -1;

    public bool IsTransactional { get; init; }

    public bool IsControl { get; init; }

    /// <summary>When at least 0: milliseconds at which compaction may drop the batch's tombstones.</summary>
    public long DeleteHorizonMs { get; init; } = -1;

    internal short Attributes => (short)((int)Compression
        | (LogAppendTimeMs >= 0 ? RecordBatchHeader.TimestampTypeBit : 0)
        | (IsTransactional ? RecordBatchHeader.TransactionalBit : 0)
        | (IsControl ? RecordBatchHeader.ControlBit : 0)
        | (DeleteHorizonMs >= 0 ? RecordBatchHeader.DeleteHorizonBit : 0));
}

/// <summary>Compression levels of the codecs, with Kafka's names, ranges and defaults.</summary>
public static class CompressionLevels
{
    /// <summary>Stands for the codec's default: gzip 6, lz4 9, zstd 3.</summary>
    public const int Default = int.MinValue;

    public const int GzipMin = 1, GzipMax = 9, Lz4Min = 1, Lz4Max = 17, Lz4Default = 9, ZstdMin = -131072, ZstdMax = 22, ZstdDefault = 3;
}
