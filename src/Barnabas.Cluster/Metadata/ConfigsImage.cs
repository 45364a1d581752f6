namespace Barnabas.Cluster.Metadata;

/// <summary>The kinds of things that have a configuration, with Kafka's numbers.</summary>
public enum ConfigKind : sbyte
{
    Unknown = 0,
    Topic = 2,
    Broker = 4,

    /// <summary>Log levels of a broker; never stored.</summary>
    BrokerLogger = 8,
    ClientMetrics = 16,
    Group = 32,
}

/// <summary>
/// Something that has a configuration. A broker's name is its id, or empty for what holds for every broker.
/// </summary>
public sealed record ConfigResource(ConfigKind Kind, string Name)
{
    /// <summary>What holds for every broker that does not say otherwise.</summary>
    public static readonly ConfigResource ClusterDefault = new(ConfigKind.Broker, "");

    internal string Key => (char)Kind + Name;
}

/// <summary>The configuration that was set for one resource, in ordinal order of the keys. Immutable.</summary>
public sealed record ConfigImage(ConfigResource Resource, PersistentMap<string, string> Values);

/// <summary>All configuration that was set. Immutable; any thread may read it.</summary>
public sealed class ConfigsImage
{
    /// <summary>Nothing set.</summary>
    public static readonly ConfigsImage Empty = new(PersistentMap<string, ConfigImage>.Empty(StringComparer.Ordinal));

    private static readonly PersistentMap<string, string> NoValues = PersistentMap<string, string>.Empty(StringComparer.Ordinal);
    private readonly PersistentMap<string, ConfigImage> _byResource;

    private ConfigsImage(PersistentMap<string, ConfigImage> byResource) => _byResource = byResource;

    /// <summary>All resources for which something is set, by kind and name.</summary>
    public IEnumerable<ConfigImage> All => _byResource.Values;

    /// <summary>What is set for the resource; empty when nothing is.</summary>
    public PersistentMap<string, string> Of(ConfigResource resource) => _byResource.Find(resource.Key)?.Values ?? NoValues;

    /// <summary>One value that is set, or null.</summary>
    public string? Find(ConfigResource resource, string key) => Of(resource).Find(key);

    internal ConfigsImage With(ConfigResource resource, string key, string? value)
    {
        var before = Of(resource);
        var after = value is null ? before.Remove(key) : before.Set(key, value);
        return new ConfigsImage(after.Count == 0
            ? _byResource.Remove(resource.Key)
            : _byResource.Set(resource.Key, new ConfigImage(resource, after)));
    }

    internal ConfigsImage Without(ConfigResource resource) => new(_byResource.Remove(resource.Key));
}
