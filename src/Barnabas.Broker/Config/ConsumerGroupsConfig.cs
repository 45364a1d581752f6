namespace Barnabas.Broker.Config;

/// <summary>How groups of the consumer protocol are coordinated. Immutable, for any thread.</summary>
public sealed class ConsumerGroupsConfig
{
    internal ConsumerGroupsConfig(BrokerConfig config)
    {
        IsOffered = config.Items("group.coordinator.rebalance.protocols").Contains("consumer");
        Assignors = [.. config.Items("group.consumer.assignors").Select(NameOf)];
        var policy = config.Text("group.consumer.migration.policy")!.ToUpperInvariant();
        AllowsUpgrade = policy is "UPGRADE" or "BIDIRECTIONAL";
        AllowsDowngrade = policy is "DOWNGRADE" or "BIDIRECTIONAL";
        SizeMax = config.Int("group.consumer.max.size");
        HeartbeatIntervalMs = config.Int("group.consumer.heartbeat.interval.ms");
        HeartbeatIntervalBoundsMs = Bounds(config, "heartbeat.interval.ms");
        SessionTimeoutMs = config.Int("group.consumer.session.timeout.ms");
        SessionTimeoutBoundsMs = Bounds(config, "session.timeout.ms");
        AssignmentIntervalMs = config.Int("group.consumer.assignment.interval.ms");
        AssignmentIntervalBoundsMs = Bounds(config, "assignment.interval.ms");
        PatternRefreshIntervalMs = config.Int("group.consumer.regex.refresh.interval.ms");
    }

    /// <summary>True when the protocol is among those that are offered.</summary>
    public bool IsOffered { get; }

    /// <summary>Names of assignors, the default first.</summary>
    public IReadOnlyList<string> Assignors { get; }

    /// <summary>True when a live classic group may become a consumer group.</summary>
    public bool AllowsUpgrade { get; }

    /// <summary>True when a live consumer group may become a classic group.</summary>
    public bool AllowsDowngrade { get; }

    /// <summary>Most members of a group.</summary>
    public int SizeMax { get; }

    /// <summary>Time between heartbeats that members are told.</summary>
    public int HeartbeatIntervalMs { get; }

    /// <summary>What a group may set it to.</summary>
    public (int Min, int Max) HeartbeatIntervalBoundsMs { get; }

    /// <summary>A member that is silent for so long is removed.</summary>
    public int SessionTimeoutMs { get; }

    /// <summary>What a group may set it to.</summary>
    public (int Min, int Max) SessionTimeoutBoundsMs { get; }

    /// <summary>Shortest time between two assignments of a group.</summary>
    public int AssignmentIntervalMs { get; }

    /// <summary>What a group may set it to.</summary>
    public (int Min, int Max) AssignmentIntervalBoundsMs { get; }

    /// <summary>How often regular expressions are matched again in any case.</summary>
    public int PatternRefreshIntervalMs { get; }

    private static (int Min, int Max) Bounds(BrokerConfig config, string key) =>
        (config.Int($"group.consumer.min.{key}"), config.Int($"group.consumer.max.{key}"));

    // Kafka's own assignors may be named by their classes too.
    private static string NameOf(string assignor) => assignor switch
    {
        "org.apache.kafka.coordinator.group.assignor.UniformAssignor" => "uniform",
        "org.apache.kafka.coordinator.group.assignor.RangeAssignor" => "range",
        _ => assignor,
    };
}
