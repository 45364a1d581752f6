namespace Barnabas.Shared;

/// <summary>What a <see cref="BrokerHistory"/> knows of one partition. Owned by the history.</summary>
internal sealed class HistoryPartition
{
    /// <summary>The offset of the next record, as the answers tell.</summary>
    public long EndOffset { get; set; }

    /// <summary>First offset, as the answers to DeleteRecords tell.</summary>
    public long StartOffset { get; set; }

    /// <summary>By producer id: epoch, and the sequence of its next record.</summary>
    public Dictionary<long, (short Epoch, int Sequence)> Producers { get; } = [];

    /// <summary>The last batch of an idempotent producer and the offset that it got, to be sent once more.</summary>
    public (byte[] Batch, long BaseOffset)? LastIdempotent { get; set; }

    /// <summary>Producers with an open transaction.</summary>
    public SortedSet<long> Open { get; } = [];
}

/// <summary>A topic of a <see cref="BrokerHistory"/>. Owned by the history.</summary>
internal sealed class HistoryTopic(string name, string kind, int partitions)
{
    /// <summary>Settings of the kinds of topics that histories make; each history has one of each kind.</summary>
    public static readonly IReadOnlyDictionary<string, (string Key, string Value)[]> Kinds =
        new SortedDictionary<string, (string, string)[]>(StringComparer.Ordinal)
        {
            ["plain"] = [],
            ["rolling"] = [("segment.ms", "20000"), ("index.interval.bytes", "100")],
            ["stamped"] = [("message.timestamp.type", "LogAppendTime"), ("index.interval.bytes", "300")],
            ["retained"] = [("retention.bytes", "6000"), ("segment.ms", "20000")],
            ["recoded"] = [("compression.type", "gzip")],
            ["tight"] = [("segment.index.bytes", "60"), ("index.interval.bytes", "0")],
            ["compacted"] = [("cleanup.policy", "compact"), ("segment.ms", "20000")],
        };

    public string Name => name;

    public string Kind => kind;

    public List<HistoryPartition> Partitions { get; } = [.. Enumerable.Range(0, partitions).Select(_ => new HistoryPartition())];
}
