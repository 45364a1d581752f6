namespace Barnabas.Broker.Config;

/// <summary>A value that somebody set at start, and where: <c>server.properties, line 12</c>.</summary>
public sealed record ConfigSetting(string Key, string Value, string Origin);

/// <summary>What a start is told, by rising precedence. Paths are relative to the folder one stands in.</summary>
public sealed class ConfigInputs
{
    /// <summary>A properties file; null takes the profile of a single node.</summary>
    public string? File { get; init; }

    /// <summary>The environment; variables that do not begin with KAFKA_ are ignored.</summary>
    public IEnumerable<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <summary>Single keys, as <c>--config key=value</c> sets them.</summary>
    public IEnumerable<KeyValuePair<string, string>> Flags { get; init; } = [];

    /// <summary>The data directory, from <c>--data</c>; it goes before log.dirs.</summary>
    public string? Data { get; init; }

    /// <summary>
    /// HOST:PORT for clients, from <c>--listen</c>; the controller takes the port after it, and any free port when it is 0.
    /// </summary>
    public string? Listen { get; init; }

    /// <summary>From <c>--insecure-allow-public</c>.</summary>
    public bool AllowPublic { get; init; }
}
