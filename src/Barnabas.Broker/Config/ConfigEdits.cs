using Barnabas.Base;
using Barnabas.Cluster.Controller;

namespace Barnabas.Broker.Config;

/// <summary>
/// Applies changes to what a resource has set, and checks the outcome whole. Stateless: nothing is changed, the new values are returned.
/// AlterConfigs, which replaces everything, is a series of sets over nothing; CreateTopics likewise.
/// </summary>
public static class ConfigEdits
{
    /// <summary>Changes a topic's configuration.</summary>
    public static ConfigOutcome Topic(
        BrokerConfig broker, IEnumerable<KeyValuePair<string, string>> current, IReadOnlyList<ConfigChange> edits)
    {
        var result = Apply(ConfigTable.Topic, current, edits, name => broker.TopicDefaults.Value(name));
        if (result.Error != ErrorCode.None)
        {
            return result;
        }

        var problem = TopicProblem(broker, result.Values!);
        return problem is null ? result : Failed(ErrorCode.InvalidConfig, problem);
    }

    /// <summary>What is wrong with the values that a topic sets, as one sentence; null when all are valid together.</summary>
    public static string? TopicProblem(BrokerConfig broker, IReadOnlyDictionary<string, string> values)
    {
        foreach (var (name, value) in values)
        {
            var problem = ConfigTable.Topic.TryFind(name, out var key)
                ? ConfigRules.Problem(key, value) : $"Unknown topic config name: {name}";
            if (problem is not null)
            {
                return problem;
            }
        }

        var topic = broker.Topic(values);
        if (topic.Log.MinCompactionLagMs > topic.Log.MaxCompactionLagMs)
        {
            return $"conflict topic config setting min.compaction.lag.ms ({topic.Log.MinCompactionLagMs}) > "
                + $"max.compaction.lag.ms ({topic.Log.MaxCompactionLagMs})";
        }

        return topic.IsTrue("remote.storage.enable")
            ? "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage."
            : null;
    }

    /// <summary>
    /// Changes what is set at run time for this broker, or for all brokers. Names that no table has are taken, as Kafka does.
    /// </summary>
    public static ConfigOutcome Broker(
        BrokerConfig broker, bool isForAll, IEnumerable<KeyValuePair<string, string>> current, IReadOnlyList<ConfigChange> edits)
    {
        var result = Apply(ConfigTable.Broker, current, edits, name => broker.Text(name));
        if (result.Error != ErrorCode.None)
        {
            return result;
        }

        var changed = edits.Where(edit => edit.Kind != ConfigChangeKind.Delete).Select(edit => edit.Key);
        var problem = BrokerProblem(broker, isForAll, changed, result.Values!);
        return problem is null ? result : Failed(ErrorCode.InvalidRequest, problem);
    }

    /// <summary>Changes a group's configuration.</summary>
    public static ConfigOutcome Group(
        BrokerConfig broker, IEnumerable<KeyValuePair<string, string>> current, IReadOnlyList<ConfigChange> edits)
    {
        var result = Apply(ConfigTable.Group, current, edits, name => ConfigTable.Group.Find(name)?.Default);
        if (result.Error != ErrorCode.None)
        {
            return result;
        }

        foreach (var (name, value) in result.Values!)
        {
            var problem = ConfigTable.Group.TryFind(name, out var key)
                ? ConfigRules.Problem(key, value) ?? GroupBoundProblem(broker, key, value)
                : $"Unknown group config name: {name}";
            if (problem is not null)
            {
                return Failed(ErrorCode.InvalidConfig, problem);
            }
        }

        return result;
    }

    /// <summary>Changes a client-metrics subscription.</summary>
    public static ConfigOutcome ClientMetrics(IEnumerable<KeyValuePair<string, string>> current, IReadOnlyList<ConfigChange> edits)
    {
        var result = Apply(ConfigTable.ClientMetrics, current, edits, name => ConfigTable.ClientMetrics.Find(name)?.Default);
        if (result.Error != ErrorCode.None)
        {
            return result;
        }

        foreach (var (name, value) in result.Values!)
        {
            if (!ConfigTable.ClientMetrics.TryFind(name, out var key))
            {
                return Failed(ErrorCode.InvalidRequest, $"Unknown client metrics configuration: {name}");
            }

            if (ConfigRules.Problem(key, value) is { } problem)
            {
                return Failed(ErrorCode.InvalidConfig, problem);
            }

            if (name == "interval.ms" && int.Parse(value.AsSpan().Trim()) is < 100 or > 3_600_000)
            {
                return Failed(ErrorCode.InvalidRequest,
                    $"Invalid value {value.Trim()} for interval.ms, interval must be between 100 and 3600000 (1 hour)");
            }

            if (name == "match" && ConfigRules.Items(value).FirstOrDefault(item => item.IndexOf('=') < 1) is { } selector)
            {
                return Failed(ErrorCode.InvalidConfig, $"Illegal client matching pattern: {selector}");
            }
        }

        return result;
    }

    private static ConfigOutcome Apply(
        ConfigTable table,
        IEnumerable<KeyValuePair<string, string>> current,
        IReadOnlyList<ConfigChange> edits,
        Func<string, string?> inForce)
    {
        var values = new Dictionary<string, string>(current, StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var edit in edits)
        {
            if (!seen.Add(edit.Key))
            {
                return Failed(ErrorCode.InvalidRequest, $"Error due to duplicate config keys : {edit.Key}");
            }

            if (edit.Kind is < ConfigChangeKind.Set or > ConfigChangeKind.Subtract)
            {
                return Failed(ErrorCode.UnknownServerError, null);
            }

            if (edit.Kind == ConfigChangeKind.Delete)
            {
                values.Remove(edit.Key);
                continue;
            }

            if (edit.Value is null)
            {
                return Failed(ErrorCode.InvalidRequest, $"Null value not supported for : {edit.Key}");
            }

            if (edit.Kind == ConfigChangeKind.Set)
            {
                values[edit.Key] = edit.Value;
                continue;
            }

            if (table.Find(edit.Key) is not { Type: ConfigType.List })
            {
                var verb = edit.Kind == ConfigChangeKind.Append ? "APPEND" : "SUBTRACT";
                return Failed(ErrorCode.InvalidConfig,
                    $"Can't {verb} to key {edit.Key} because its type is not LIST.");
            }

            values[edit.Key] = EditList(values.GetValueOrDefault(edit.Key) ?? inForce(edit.Key) ?? "", edit);
        }

        return new ConfigOutcome(ErrorCode.None, null, values);
    }

    private static ConfigOutcome Failed(ErrorCode error, string? message) => new(error, message, null);

    private static string EditList(string value, ConfigChange edit)
    {
        var items = ConfigRules.Items(value).ToList();
        foreach (var item in ConfigRules.Items(edit.Value!))
        {
            if (edit.Kind == ConfigChangeKind.Subtract)
            {
                items.Remove(item);
            }
            else if (!items.Contains(item))
            {
                items.Add(item);
            }
        }

        return string.Join(',', items);
    }

    private static string? BrokerProblem(
        BrokerConfig broker, bool isForAll, IEnumerable<string> changed, IReadOnlyDictionary<string, string> values)
    {
        foreach (var name in changed)
        {
            if (ConfigLoader.Find(name) is not { } key)
            {
                continue;
            }

            if (key.Update == ConfigUpdate.ReadOnly)
            {
                return $"Cannot update these configs dynamically: [{name}]";
            }

            var isSecurity = key.Name.AsSpan().StartsWith("ssl.") || key.Name.AsSpan().StartsWith("sasl.");
            if (isSecurity && key.Name == name)
            {
                return $"These security configs can be dynamically updated only per-listener using the listener prefix: [{name}]";
            }

            if (isForAll && key.Update == ConfigUpdate.PerBroker)
            {
                return $"Cannot update these configs at default cluster level: [{name}]";
            }

            if ((ConfigRules.Problem(key, values[name]) ?? ChangeProblem(broker, key, values[name])) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    /// <summary>What a valid value may still not do to a broker that runs.</summary>
    private static string? ChangeProblem(BrokerConfig broker, ConfigKey key, string value)
    {
        switch (key.Name)
        {
            case "log.retention.ms" when long.Parse(value.AsSpan().Trim()) == 0:
                return "requirement failed: log.retention.ms must be unlimited (-1) or, greater than or equal to 1";
            case "cordoned.log.dirs":
                return broker.CordonProblem(ConfigRules.Items(value)) is { } refused ? $"requirement failed: {refused}" : null;
            case "num.io.threads" or "num.network.threads" or "background.threads" or "num.replica.fetchers"
                or "num.recovery.threads.per.data.dir" or "log.cleaner.threads":
                var (now, wanted) = (broker.Long(key.Name), long.Parse(value.AsSpan().Trim()));
                if (wanted > now * 2 || wanted < now / 2)
                {
                    var limit = wanted > now ? "greater than double" : "less than half";
                    return "Invalid value org.apache.kafka.common.config.ConfigException: Dynamic thread count update validation failed "
                        + $"for {key.Name}={wanted}, value should not be {limit} the current value {now} for configuration "
                        + "Invalid dynamic configuration";
                }

                return null;
            case "max.connections.per.ip.overrides" when ConfigRules.Items(value).Any(item => !item.Contains(':')):
                return $"Error parsing configuration property '{key.Name}': begin 0, end -1, length {value.Length}";
            default:
                return null;
        }
    }

    /// <summary>A group stays within the least and the most that the broker allows, where it has such keys.</summary>
    private static string? GroupBoundProblem(BrokerConfig broker, ConfigKey key, string value)
    {
        var dot = key.Name.IndexOf('.');
        var (kind, rest) = (key.Name[..dot], key.Name[(dot + 1)..]);
        var least = $"group.{kind}.min.{rest}";
        var most = $"group.{kind}.max.{rest}";
        if (key.Type != ConfigType.Int)
        {
            return null;
        }

        var number = long.Parse(value.AsSpan().Trim());
        if (ConfigTable.Broker.Find(least) is not null && number < broker.Long(least))
        {
            return $"{key.Name} must be greater than or equal to {least}";
        }

        if (rest == "num.standby.replicas")
        {
            most = "group.streams.max.standby.replicas";
        }

        return ConfigTable.Broker.Find(most) is not null && number > broker.Long(most)
            ? $"{key.Name} must be less than or equal to {most}" : null;
    }
}
