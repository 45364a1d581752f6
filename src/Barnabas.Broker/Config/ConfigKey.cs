namespace Barnabas.Broker.Config;

/// <summary>Types of values, with the numbers of DescribeConfigs.</summary>
public enum ConfigType : byte
{
    Unknown = 0,
    Boolean = 1,
    String = 2,
    Int = 3,
    Short = 4,
    Long = 5,
    Double = 6,
    List = 7,
    Class = 8,
    Password = 9,
}

/// <summary>Whether a key may change while the broker runs, and for whom.</summary>
public enum ConfigUpdate : byte
{
    /// <summary>Read at start only.</summary>
    ReadOnly,

    /// <summary>May be changed for all brokers, or for one.</summary>
    ClusterWide,

    /// <summary>May be changed for one broker.</summary>
    PerBroker,
}

/// <summary>Where a value comes from, with the numbers of DescribeConfigs.</summary>
public enum ConfigSource : sbyte
{
    Unknown = 0,
    DynamicTopic = 1,
    DynamicBroker = 2,
    DynamicDefaultBroker = 3,
    StaticBroker = 4,
    Default = 5,
    DynamicBrokerLogger = 6,
    ClientMetrics = 7,
    Group = 8,
}

/// <summary>One key of the configuration, as its table declares it. Immutable, for any thread.</summary>
public sealed class ConfigKey
{
    /// <summary>The name: <c>log.retention.ms</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The type of its values.</summary>
    public required ConfigType Type { get; init; }

    /// <summary>The value when nobody sets one; null for none.</summary>
    public required string? Default { get; init; }

    /// <summary>Whether it may change at run time. Keys of topics and groups always may.</summary>
    public required ConfigUpdate Update { get; init; }

    /// <summary>What values are valid, in the table's notation; empty for any of the type.</summary>
    public required string Valid { get; init; }

    /// <summary>One line on what it does.</summary>
    public required string Doc { get; init; }

    /// <summary>The broker key that gives a topic's or group's default; null for none.</summary>
    public string? Synonym { get; init; }

    /// <summary>True for keys that DescribeConfigs does not list.</summary>
    public bool IsInternal { get; init; }

    /// <summary>True for values that are never shown.</summary>
    public bool IsSensitive => Type == ConfigType.Password;

    /// <summary>True for keys that Kafka does not have. They are described only when they are set or asked for.</summary>
    public bool IsOwn => Name.StartsWith("barnabas.", StringComparison.Ordinal);
}
