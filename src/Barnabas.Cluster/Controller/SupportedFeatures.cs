using Barnabas.Cluster.Metadata;

namespace Barnabas.Cluster.Controller;

/// <summary>The features that this program implements, with their levels. Stateless.</summary>
public static class SupportedFeatures
{
    /// <summary>The feature of the quorum's own records, which is not set by a metadata record.</summary>
    public const string KRaftVersion = "kraft.version";

    /// <summary>The feature whose level 1 keeps eligible leader replicas.</summary>
    public const string EligibleLeaderReplicas = "eligible.leader.replicas.version";

    /// <summary>The feature whose level 1 offers the consumer group protocol.</summary>
    public const string GroupVersion = "group.version";

    /// <summary>The feature whose level 2 raises a producer's epoch with every transaction.</summary>
    public const string TransactionVersion = "transaction.version";

    /// <summary>
    /// Everything that can be set by UpdateFeatures and that ApiVersions tells, in ordinal order. A directory that runs at a higher level
    /// of a feature with range 0 opens all the same.
    /// </summary>
    public static IReadOnlyList<FeatureRange> All { get; } =
    [
        new(EligibleLeaderReplicas, 0, 0),
        new(GroupVersion, 0, 1),
        new(KRaftVersion, 0, 1),
        new(MetadataVersion.FeatureName, MetadataVersion.Lowest.Level, MetadataVersion.Highest.Level),
        new("share.version", 0, 0),
        new("streams.version", 0, 0),
        new(TransactionVersion, 0, 2),
    ];
}
