namespace Barnabas.Cluster.Metadata;

/// <summary>A feature that runs at a level above 0.</summary>
public sealed record FeatureLevel(string Name, short Level);

/// <summary>The levels that the cluster's features were raised to. Immutable; any thread may read it.</summary>
public sealed class FeaturesImage
{
    /// <summary>No level at all: the metadata log is still empty.</summary>
    public static readonly FeaturesImage Empty = new(PersistentMap<string, FeatureLevel>.Empty(StringComparer.Ordinal));

    private readonly PersistentMap<string, FeatureLevel> _levels;

    private FeaturesImage(PersistentMap<string, FeatureLevel> levels)
    {
        _levels = levels;
        MetadataVersion = levels.Find(MetadataVersion.FeatureName) is { } found ? new MetadataVersion(found.Level) : MetadataVersion.Lowest;
    }

    /// <summary>True once a metadata version is written, which every log begins with.</summary>
    public bool HasMetadataVersion => _levels.Find(MetadataVersion.FeatureName) is not null;

    public MetadataVersion MetadataVersion { get; }

    /// <summary>All features above level 0, in ordinal order of their names.</summary>
    public IEnumerable<FeatureLevel> All => _levels.Values;

    /// <summary>The level of a feature; 0 when it was never raised.</summary>
    public short LevelOf(string name) => _levels.Find(name)?.Level ?? 0;

    internal FeaturesImage With(string name, short level) =>
        new(level == 0 ? _levels.Remove(name) : _levels.Set(name, new FeatureLevel(name, level)));
}
