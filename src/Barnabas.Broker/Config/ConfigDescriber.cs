namespace Barnabas.Broker.Config;

/// <summary>
/// Lists configuration as DescribeConfigs answers it. Stateless. <c>names</c> is what was asked for; null asks for all. Internal keys are
/// never listed, and keys that Kafka does not have only when they are set or asked for.
/// </summary>
public static class ConfigDescriber
{
    /// <summary>The configuration of this broker.</summary>
    public static List<ConfigEntry> Broker(BrokerConfig config, IReadOnlyCollection<string>? names = null)
    {
        var entries = new List<ConfigEntry>();
        foreach (var key in ConfigTable.Broker.Keys)
        {
            if (IsListed(key, names, config.Find(key.Name) is not null))
            {
                entries.Add(BrokerEntry(config, key.Name, key));
            }
        }

        foreach (var name in config.Static.Keys.Concat(config.DynamicDefault.Keys).Concat(config.Dynamic.Keys).Distinct())
        {
            if (ConfigTable.Broker.Find(name) is null && (names is null || names.Contains(name)))
            {
                entries.Add(BrokerEntry(config, name, ConfigLoader.Find(name)));
            }
        }

        return entries;
    }

    /// <summary>What was set at run time for all brokers.</summary>
    public static List<ConfigEntry> AllBrokers(BrokerConfig config, IReadOnlyCollection<string>? names = null)
    {
        var entries = new List<ConfigEntry>();
        foreach (var (name, value) in config.DynamicDefault)
        {
            if (names is null || names.Contains(name))
            {
                var key = ConfigLoader.Find(name);
                var shown = Shown(key, value);
                var source = ConfigSource.DynamicDefaultBroker;
                entries.Add(new ConfigEntry(name, shown, IsReadOnly(key), source, [new ConfigSynonym(name, shown, source)], key));
            }
        }

        return entries;
    }

    /// <summary>The configuration of a topic.</summary>
    public static List<ConfigEntry> Topic(BrokerConfig config, TopicConfig topic, IReadOnlyCollection<string>? names = null)
    {
        var entries = new List<ConfigEntry>();
        foreach (var key in ConfigTable.Topic.Keys)
        {
            var own = topic.Overrides.GetValueOrDefault(key.Name);
            if (!IsListed(key, names, own is not null))
            {
                continue;
            }

            var synonyms = Synonyms(config, key, own, ConfigSource.DynamicTopic);
            entries.Add(Entry(key, topic.Value(key.Name), synonyms));
        }

        return entries;
    }

    /// <summary>The configuration of a group with these values of its own.</summary>
    public static List<ConfigEntry> Group(
        BrokerConfig config, IReadOnlyDictionary<string, string> overrides, IReadOnlyCollection<string>? names = null)
    {
        var entries = new List<ConfigEntry>();
        foreach (var key in ConfigTable.Group.Keys)
        {
            var own = overrides.GetValueOrDefault(key.Name);
            if (!IsListed(key, names, own is not null))
            {
                continue;
            }

            var synonyms = Synonyms(config, key, own, ConfigSource.Group);
            if (key.Synonym is null)
            {
                synonyms.Add(new ConfigSynonym(key.Name, key.Default, ConfigSource.Default));
            }

            entries.Add(Entry(key, synonyms.Count > 0 ? synonyms[0].Value : key.Default, synonyms));
        }

        return entries;
    }

    /// <summary>The configuration of a client-metrics subscription with these values.</summary>
    public static List<ConfigEntry> ClientMetrics(
        IReadOnlyDictionary<string, string> overrides, IReadOnlyCollection<string>? names = null)
    {
        var entries = new List<ConfigEntry>();
        foreach (var key in ConfigTable.ClientMetrics.Keys)
        {
            var own = overrides.GetValueOrDefault(key.Name);
            if (IsListed(key, names, own is not null))
            {
                List<ConfigSynonym> synonyms = own is null ? [] : [new ConfigSynonym(key.Name, own, ConfigSource.ClientMetrics)];
                entries.Add(Entry(key, own ?? key.Default, synonyms));
            }
        }

        return entries;
    }

    private static bool IsListed(ConfigKey key, IReadOnlyCollection<string>? names, bool isSet) =>
        !key.IsInternal && (isSet || !key.IsListedWhenSet) && (names is null ? !key.IsOwn || isSet : names.Contains(key.Name));

    private static ConfigEntry Entry(ConfigKey key, string? value, List<ConfigSynonym> synonyms) =>
        new(key.Name, Shown(key, value), false, synonyms.Count > 0 ? synonyms[0].Source : ConfigSource.Default, synonyms, key);

    private static ConfigEntry BrokerEntry(BrokerConfig config, string name, ConfigKey? key)
    {
        var synonyms = new List<ConfigSynonym>();
        AddBroker(config, name, key, synonyms);
        var source = synonyms.Count > 0 ? synonyms[0].Source : ConfigSource.Default;
        return new ConfigEntry(name, Shown(key, config.Find(name) ?? key?.Default), IsReadOnly(key), source, synonyms, key);
    }

    private static List<ConfigSynonym> Synonyms(BrokerConfig config, ConfigKey key, string? own, ConfigSource source)
    {
        var synonyms = new List<ConfigSynonym>();
        if (own is not null)
        {
            synonyms.Add(new ConfigSynonym(key.Name, Shown(key, own), source));
        }

        if (key.Synonym is not null)
        {
            AddBroker(config, key.Synonym, ConfigTable.Broker.Find(key.Synonym), synonyms);
        }

        return synonyms;
    }

    private static void AddBroker(BrokerConfig config, string name, ConfigKey? key, List<ConfigSynonym> synonyms)
    {
        if (config.Dynamic.TryGetValue(name, out var value))
        {
            synonyms.Add(new ConfigSynonym(name, Shown(key, value), ConfigSource.DynamicBroker));
        }

        if (config.DynamicDefault.TryGetValue(name, out value))
        {
            synonyms.Add(new ConfigSynonym(name, Shown(key, value), ConfigSource.DynamicDefaultBroker));
        }

        if (config.Static.TryGetValue(name, out var setting))
        {
            synonyms.Add(new ConfigSynonym(name, Shown(key, setting.Value), ConfigSource.StaticBroker));
        }

        if (key is { Default: not null } && key.Name == name)
        {
            synonyms.Add(new ConfigSynonym(name, Shown(key, key.Default), ConfigSource.Default));
        }
    }

    private static bool IsReadOnly(ConfigKey? key) => key is null || key.Update == ConfigUpdate.ReadOnly;

    private static string? Shown(ConfigKey? key, string? value) =>
        value is null || key is null || key.IsSensitive ? null : ConfigRules.Normal(key, value);
}
