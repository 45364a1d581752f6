namespace Barnabas.Cluster.Metadata;

/// <summary>
/// A level of the feature <c>metadata.version</c>: which versions of the metadata's own records may be written.
/// </summary>
public readonly record struct MetadataVersion(short Level)
{
    /// <summary>The feature's name.</summary>
    public const string FeatureName = "metadata.version";

    /// <summary>3.3-IV3, the lowest that Kafka 4.3 supports.</summary>
    public static readonly MetadataVersion Lowest = new(7);

    /// <summary>4.3-IV0, the highest that is stable in Kafka 4.3.</summary>
    public static readonly MetadataVersion Highest = new(30);

    /// <summary>True when several batches can be one change (3.6-IV1).</summary>
    public bool HasTransactions => Level >= 13;

    /// <summary>True when controllers register (3.7-IV0).</summary>
    public bool HasControllerRegistration => Level >= 15;

    /// <summary>True when the metadata knows the log directory of each replica (3.7-IV2).</summary>
    public bool HasDirectories => Level >= 17;

    /// <summary>True when a shrunk in-sync set does not begin a leader epoch (3.6-IV0).</summary>
    public bool KeepsEpochOnShrink => Level >= 12;

    /// <summary>True when SCRAM credentials may be stored (3.5-IV2).</summary>
    public bool HasScram => Level >= 11;

    /// <summary>True when delegation tokens may be stored (3.6-IV2).</summary>
    public bool HasDelegationTokens => Level >= 14;

    /// <summary>True when eligible leader replicas are kept (4.0-IV1).</summary>
    public bool HasElr => Level >= 23;

    public short PartitionRecordVersion => (short)(HasElr ? 2 : HasDirectories ? 1 : 0);

    public short RegisterBrokerRecordVersion => (short)(Level >= 30 ? 4 : HasDirectories ? 3 : Level >= 8 ? 2 : 1);

    /// <summary>
    /// The version of the release that first had the level, as Kafka's tools name it; the bare number when it is not known.
    /// </summary>
    public override string ToString() =>
        Level >= 7 && Level - 7 < Names.Length ? Names[Level - 7] : Level.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static readonly string[] Names =
    [
        "3.3-IV3", "3.4-IV0", "3.5-IV0", "3.5-IV1", "3.5-IV2", "3.6-IV0", "3.6-IV1", "3.6-IV2", "3.7-IV0", "3.7-IV1", "3.7-IV2", "3.7-IV3",
        "3.7-IV4", "3.8-IV0", "3.9-IV0", "4.0-IV0", "4.0-IV1", "4.0-IV2", "4.0-IV3", "4.1-IV0", "4.1-IV1", "4.2-IV0", "4.2-IV1", "4.3-IV0",
    ];
}
