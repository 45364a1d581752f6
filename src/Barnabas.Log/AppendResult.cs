using Barnabas.Base;

namespace Barnabas.Log;

/// <summary>Who wrote a batch, which decides what is checked.</summary>
public enum AppendOrigin
{
    /// <summary>A client: size and producer sequence are checked.</summary>
    Client,

    /// <summary>A coordinator or the controller of this broker: trusted, but for the epoch of a producer that it writes for.</summary>
    Coordinator,

    /// <summary>
    /// A transaction coordinator, somewhere in the cluster, that ends a transaction: the epochs of producer and coordinator are checked.
    /// </summary>
    TransactionEnd,

    /// <summary>As above with transaction version 2, where the producer's epoch has to be higher than that of the transaction.</summary>
    TransactionEndV2,
}

/// <summary>The outcome of staging a batch. With an error nothing was staged and nothing changed.</summary>
public readonly struct AppendResult
{
    /// <summary>None, or why the batch was refused.</summary>
    public ErrorCode ErrorCode { get; init; }

    /// <summary>Offset of the first record: the old one for a duplicate; -1 with an error.</summary>
    public long BaseOffset { get; init; }

    /// <summary>Offset of the last record; an acknowledgement by all replicas waits until the high watermark is above it.</summary>
    public long LastOffset { get; init; }

    /// <summary>The time the broker stamped, where the topic is so configured, or that of the first try of a duplicate; else -1.</summary>
    public long LogAppendTimeMs { get; init; }

    /// <summary>The first offset of the log.</summary>
    public long LogStartOffset { get; init; }

    /// <summary>The producer of the batch that was taken, or -1.</summary>
    public long ProducerId { get; init; }

    /// <summary>True when the batch was in the log already and nothing was staged.</summary>
    public bool IsDuplicate { get; init; }

    internal static AppendResult Refused(ErrorCode error, long logStart) =>
        new() { ErrorCode = error, BaseOffset = -1, LastOffset = -1, LogAppendTimeMs = -1, LogStartOffset = logStart };

    internal static AppendResult Accepted(
        long baseOffset, long lastOffset, long appendTimeMs, long logStart, long producerId = -1) => new()
        {
            BaseOffset = baseOffset, LastOffset = lastOffset, LogAppendTimeMs = appendTimeMs, LogStartOffset = logStart,
            ProducerId = producerId,
        };

    internal static AppendResult Duplicate(long baseOffset, long lastOffset, long firstTryMs, long logStart) =>
        Accepted(baseOffset, lastOffset, firstTryMs, logStart) with { IsDuplicate = true };
}
