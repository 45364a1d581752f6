using System.Text;

namespace Barnabas.Broker.Config;

/// <summary>
/// Reads what a start is told: the profile or a file, then the environment, then flags, each going before the one before it. Stateless.
/// </summary>
public static class ConfigLoader
{
    private static readonly string[] OpenPrefixes = ["rlmm.config.", "rsm.config.", "config.providers.", "metrics.jmx."];

    private static readonly string[] KnownElsewhere = ["super.users", "allow.everyone.if.no.acl.found"];

    /// <summary>Keys of older Kafka that one finds in old files, with what has become of them.</summary>
    private static readonly Dictionary<string, string> Removed = new()
    {
        ["zookeeper.connect"] = "the quorum has replaced ZooKeeper; remove the line",
        ["inter.broker.protocol.version"] = "feature levels have replaced it; remove the line",
        ["log.message.format.version"] = "record format 2 is the only one that is written; remove the line",
        ["port"] = "use listeners",
        ["host.name"] = "use listeners",
        ["advertised.port"] = "use advertised.listeners",
        ["advertised.host.name"] = "use advertised.listeners",
    };

    /// <summary>The configuration that holds.</summary>
    /// <exception cref="StartupException">A key is unknown or a value invalid; every such place is named, a line each.</exception>
    public static BrokerConfig Load(ConfigInputs inputs)
    {
        var settings = new Dictionary<string, ConfigSetting>(StringComparer.Ordinal);
        var problems = new StringBuilder();
        if (inputs.File is not null)
        {
            ReadFile(inputs.File, settings, problems);
        }

        foreach (var (variable, value) in inputs.Environment)
        {
            if (KafkaEnvironment.KeyOf(variable) is { } key)
            {
                Take(new ConfigSetting(key, value, $"environment variable {variable}"), settings, problems);
            }
        }

        foreach (var (key, value) in inputs.Flags)
        {
            Take(new ConfigSetting(key, value, "--config"), settings, problems);
        }

        TakeOwnFlags(inputs, settings);
        if (problems.Length > 0)
        {
            throw new StartupException(problems.ToString(0, problems.Length - 1));
        }

        if (inputs.File is null)
        {
            SingleNodeProfile.AddAll(settings);
        }
        else
        {
            SingleNodeProfile.AddRequired(settings);
        }

        return new BrokerConfig(settings);
    }

    /// <summary>True when a broker may have a key of that name: one of the table, or one that belongs to a listener or a plug-in.</summary>
    public static bool IsKnown(string name) => Find(name) is not null || KnownElsewhere.Contains(name)
        || OpenPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>The declaration behind a name, through the prefixes of a listener and a SASL mechanism; null when there is none.</summary>
    internal static ConfigKey? Find(string name)
    {
        if (ConfigTable.Broker.TryFind(name, out var key))
        {
            return key;
        }

        const string Prefix = "listener.name.";
        var rest = name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : "";
        for (var skipped = 0; skipped < 2; skipped++)
        {
            var dot = rest.IndexOf('.');
            rest = dot < 0 ? "" : rest[(dot + 1)..];
            if (ConfigTable.Broker.TryFind(rest, out key))
            {
                return key;
            }
        }

        return null;
    }

    private static void ReadFile(string file, Dictionary<string, ConfigSetting> settings, StringBuilder problems)
    {
        List<PropertyEntry> entries;
        try
        {
            entries = JavaProperties.Read(File.ReadAllBytes(file));
        }
        catch (FormatException fault)
        {
            throw new StartupException($"{file}, {fault.Message}", fault);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new StartupException($"{file} is not there; name a properties file, or none for the defaults of a single node", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{file} cannot be read: {fault.Message}", fault);
        }

        foreach (var entry in entries)
        {
            Take(new ConfigSetting(entry.Key, entry.Value, $"{file}, line {entry.Line}"), settings, problems);
        }
    }

    private static void Take(ConfigSetting setting, Dictionary<string, ConfigSetting> settings, StringBuilder problems)
    {
        var problem = ProblemOf(setting);
        if (problem is not null)
        {
            problems.Append(setting.Origin).Append(": ").Append(problem).Append('\n');
        }

        settings[setting.Key] = setting;
    }

    private static string? ProblemOf(ConfigSetting setting)
    {
        if (Find(setting.Key) is { } key)
        {
            return ConfigRules.Problem(key, setting.Value);
        }

        if (IsKnown(setting.Key))
        {
            return null;
        }

        if (Removed.TryGetValue(setting.Key, out var instead))
        {
            return $"Kafka 4 has no key '{setting.Key}' any more: {instead}";
        }

        var nearest = NearestName.Find(setting.Key, ConfigTable.Broker.Keys.Select(known => known.Name));
        return ConfigTable.Topic.TryFind(setting.Key, out var topicKey)
            ? $"'{setting.Key}' is a key of topics; the broker's default for it is {topicKey.Synonym ?? "fixed"}"
            : $"unknown key '{setting.Key}'; " + (nearest is null ? "docs/configuration.md lists the keys" : $"did you mean '{nearest}'?");
    }

    private static void TakeOwnFlags(ConfigInputs inputs, Dictionary<string, ConfigSetting> settings)
    {
        if (inputs.AllowPublic)
        {
            settings[BrokerConfig.AllowPublicKey] = new ConfigSetting(BrokerConfig.AllowPublicKey, "true", "--insecure-allow-public");
        }

        if (inputs.Data is not null)
        {
            settings["log.dirs"] = new ConfigSetting("log.dirs", inputs.Data, "--data");
        }

        if (inputs.Listen is null)
        {
            return;
        }

        if (!HostAndPort.TryParse(inputs.Listen, out var listen))
        {
            throw new StartupException($"--listen {inputs.Listen}: expected HOST:PORT, for example 127.0.0.1:9092");
        }

        var controllerPort = listen.Port is 0 or 65535 ? 0 : listen.Port + 1;
        var both = $"PLAINTEXT://{listen},CONTROLLER://127.0.0.1:{controllerPort}";
        settings["listeners"] = new ConfigSetting("listeners", both, "--listen");
        settings.Remove("advertised.listeners");
        settings["controller.listener.names"] = new ConfigSetting("controller.listener.names", "CONTROLLER", "--listen");
    }
}
