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

/// <summary>
/// One key of the configuration, as its table declares it. Immutable, for any thread. A positional record, because hundreds are made on the
/// way to the first answer and each initializer of a property would be one more method to compile.
/// </summary>
/// <param name="Name">The name: <c>log.retention.ms</c>.</param>
/// <param name="Type">The type of its values.</param>
/// <param name="Default">The value when nobody sets one; null for none.</param>
/// <param name="Update">Whether it may change at run time. Keys of topics and groups always may.</param>
/// <param name="Valid">What values are valid, in the table's notation; empty for any of the type.</param>
/// <param name="Doc">One line on what it does.</param>
/// <param name="Synonym">The broker key that gives a topic's or group's default; null for none.</param>
/// <param name="IsInternal">True for keys that DescribeConfigs does not list.</param>
/// <param name="IsListedWhenSet">True for keys that it lists only where they are set.</param>
public sealed record ConfigKey(
    string Name, ConfigType Type, string? Default, ConfigUpdate Update, string Valid, string Doc, string? Synonym, bool IsInternal,
    bool IsListedWhenSet)
{
    /// <summary>True for values that are never shown.</summary>
    public bool IsSensitive => Type == ConfigType.Password;

    /// <summary>True for keys that Kafka does not have. They are described only when they are set or asked for.</summary>
    public bool IsOwn => Name.StartsWith("barnabas.", StringComparison.Ordinal);
}
