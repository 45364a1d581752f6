using Barnabas.Base;

namespace Barnabas.Cluster.Metadata;

/// <summary>What changed between two published images. Immutable; subscribers may keep it.</summary>
public sealed class MetadataDelta
{
    internal MetadataDelta(
        MetadataImage before, MetadataImage after, IReadOnlyCollection<Uuid> topics, IReadOnlyCollection<ConfigResource> configs)
    {
        Before = before;
        After = after;
        ChangedTopics = topics;
        ChangedConfigs = configs;
    }

    /// <summary>The image that the subscriber was told of before, or an empty one.</summary>
    public MetadataImage Before { get; }

    /// <summary>The image that holds now.</summary>
    public MetadataImage After { get; }

    /// <summary>
    /// Ids of topics that were created, deleted or had a partition changed. Look them up in both images: a partition is the same object in
    /// both when it did not change.
    /// </summary>
    public IReadOnlyCollection<Uuid> ChangedTopics { get; }

    /// <summary>Resources whose configuration changed.</summary>
    public IReadOnlyCollection<ConfigResource> ChangedConfigs { get; }

    public bool BrokersChanged => !ReferenceEquals(Before.Brokers, After.Brokers);

    public bool FeaturesChanged => !ReferenceEquals(Before.Features, After.Features);
}
