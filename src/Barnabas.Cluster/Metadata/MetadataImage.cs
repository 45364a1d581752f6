namespace Barnabas.Cluster.Metadata;

/// <summary>
/// All metadata of the cluster as it is after one offset of the metadata log. Immutable: a change makes a new image that shares what did
/// not change. Any thread may read it; the newest one is at <see cref="MetadataPublisher.Image"/>.
/// </summary>
public sealed record MetadataImage
{
    /// <summary>The metadata of an empty log.</summary>
    public static readonly MetadataImage Empty = new();

    /// <summary>The offset after the last record in the image.</summary>
    public long EndOffset { get; init; }

    /// <summary>Raft epoch of the last record in the image.</summary>
    public int Epoch { get; init; }

    /// <summary>Timestamp of the last batch in the image, wall-clock milliseconds; 0 for none.</summary>
    public long TimestampMs { get; init; }

    public FeaturesImage Features { get; init; } = FeaturesImage.Empty;

    /// <summary>Registered brokers by id, fenced ones too.</summary>
    public PersistentMap<int, BrokerImage> Brokers { get; init; } = PersistentMap<int, BrokerImage>.Empty(Comparer<int>.Default);

    /// <summary>Registered controllers by id.</summary>
    public PersistentMap<int, ControllerImage> Controllers { get; init; } =
        PersistentMap<int, ControllerImage>.Empty(Comparer<int>.Default);

    public TopicsImage Topics { get; init; } = TopicsImage.Empty;

    public ConfigsImage Configs { get; init; } = ConfigsImage.Empty;

    public KeptImage Kept { get; init; } = KeptImage.Empty;

    /// <summary>The first producer id that was not given to a broker yet.</summary>
    public long NextProducerId { get; init; }

    /// <summary>True when the broker is registered and may lead.</summary>
    public bool IsActive(int brokerId) => Brokers.Find(brokerId) is { IsFenced: false, IsInControlledShutdown: false };
}
