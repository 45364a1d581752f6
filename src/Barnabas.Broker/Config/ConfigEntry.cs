namespace Barnabas.Broker.Config;

/// <summary>One place that a value comes from. Sensitive values are null.</summary>
public readonly record struct ConfigSynonym(string Name, string? Value, ConfigSource Source);

/// <summary>A key as DescribeConfigs shows it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">The value in force; null for none, and for sensitive keys.</param>
/// <param name="IsReadOnly">True when it may not change at run time.</param>
/// <param name="Source">Where the value comes from.</param>
/// <param name="Synonyms">Every place that has a value for it, the one in force first.</param>
/// <param name="Key">Its declaration; null for a key that no table has, whose value is then hidden.</param>
public sealed record ConfigEntry(
    string Name, string? Value, bool IsReadOnly, ConfigSource Source, IReadOnlyList<ConfigSynonym> Synonyms, ConfigKey? Key)
{
    /// <summary>True when the value is hidden.</summary>
    public bool IsSensitive => Key is null || Key.IsSensitive;

    /// <summary>The type of its values.</summary>
    public ConfigType Type => Key?.Type ?? ConfigType.Unknown;

    /// <summary>One line on what it does.</summary>
    public string Doc => Key?.Doc ?? "";
}
