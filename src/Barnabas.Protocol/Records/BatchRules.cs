namespace Barnabas.Protocol.Records;

/// <summary>
/// What a partition asks of the batches that producers send. Built per partition of a request from its topic's configuration; make one
/// with <c>new()</c>, whose values are Kafka's defaults.
/// </summary>
public readonly record struct BatchRules()
{
    /// <summary>Only named in messages.</summary>
    public string Topic { get; init; } = "";

    /// <summary>Only named in messages.</summary>
    public int Partition { get; init; }

    /// <summary>The leader's wall clock, milliseconds.</summary>
    public long NowMs { get; init; }

    /// <summary><c>message.timestamp.type</c>.</summary>
    public TimestampType TimestampType { get; init; }

    /// <summary><c>message.timestamp.before.max.ms</c>: how far behind the leader's clock a record may be.</summary>
    public long TimestampBeforeMaxMs { get; init; } = long.MaxValue;

    /// <summary><c>message.timestamp.after.max.ms</c>: how far ahead of the leader's clock a record may be.</summary>
    public long TimestampAfterMaxMs { get; init; } = 3_600_000;

    /// <summary>True for compacted topics.</summary>
    public bool KeysRequired { get; init; }

    /// <summary><c>max.message.bytes</c>: most bytes of a batch, header included.</summary>
    public int BatchBytesMax { get; init; } = 1_048_588;

    /// <summary><c>compression.type</c>: the codec that batches are stored with; null is the producer's choice.</summary>
    public CompressionType? StoredCompression { get; init; }

    /// <summary>Level for <see cref="StoredCompression"/>.</summary>
    public int StoredCompressionLevel { get; init; } = CompressionLevels.Default;

    /// <summary><c>barnabas.produce.check=records</c>: open every compressed batch. Else its header is held against itself.</summary>
    public bool OpensCompressed { get; init; }

    /// <summary>Most bytes that one compressed batch may open to; a larger one is <see cref="Base.ErrorCode.MessageTooLarge"/>.</summary>
    public int OpenedBytesMax { get; init; } = 1 << 30;

    internal long TimestampMinMs => NowMs - TimestampBeforeMaxMs;

    internal long TimestampMaxMs => TimestampAfterMaxMs > long.MaxValue - NowMs ? long.MaxValue : NowMs + TimestampAfterMaxMs;

    /// <summary>True for a timestamp within the limits, and for -1, which stands for none.</summary>
    internal bool Allows(long timestampMs) => timestampMs == -1 || (timestampMs >= TimestampMinMs && timestampMs <= TimestampMaxMs);
}
