namespace Barnabas.Broker.Config;

/// <summary>What a start without a file runs as: one node that is broker, controller and the only voter. Stateless.</summary>
internal static class SingleNodeProfile
{
    /// <summary>Where the values are said to come from.</summary>
    public const string Origin = "the single-node profile";

    /// <summary>What a file may leave out although Kafka asks for it.</summary>
    private static readonly (string Key, string Value)[] Required =
    [
        ("process.roles", "broker,controller"),
        ("node.id", "1"),
        ("controller.listener.names", "CONTROLLER"),
    ];

    private static readonly (string Key, string Value)[] WithoutFile =
    [
        ("listeners", "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093"),
        ("controller.quorum.bootstrap.servers", "127.0.0.1:9093"),
        ("listener.security.protocol.map",
            "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL"),
        ("offsets.topic.replication.factor", "1"),
        ("transaction.state.log.replication.factor", "1"),
        ("transaction.state.log.min.isr", "1"),
        ("share.coordinator.state.topic.replication.factor", "1"),
        ("share.coordinator.state.topic.min.isr", "1"),
        ("group.initial.rebalance.delay.ms", "0"),
    ];

    /// <summary>Adds what a start without a file is made of.</summary>
    public static void AddAll(Dictionary<string, ConfigSetting> settings)
    {
        Add(settings, WithoutFile);
        AddRequired(settings);
    }

    /// <summary>Adds what is still missing and has to be there.</summary>
    public static void AddRequired(Dictionary<string, ConfigSetting> settings)
    {
        if (settings.TryGetValue("broker.id", out var olderName))
        {
            settings.TryAdd("node.id", olderName with { Key = "node.id" });
        }

        Add(settings, Required);
        settings.TryAdd("broker.id", settings["node.id"] with { Key = "broker.id" });
        if (!settings.ContainsKey("log.dirs") && !settings.ContainsKey("log.dir"))
        {
            Add(settings, [("log.dirs", "data")]);
        }
    }

    private static void Add(Dictionary<string, ConfigSetting> settings, (string Key, string Value)[] values)
    {
        foreach (var (key, value) in values)
        {
            settings.TryAdd(key, new ConfigSetting(key, value, Origin));
        }
    }
}
