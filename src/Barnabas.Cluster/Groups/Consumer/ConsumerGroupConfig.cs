namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>What the broker's configuration says of consumer groups, <c>group.consumer.*</c>; Kafka's defaults. Immutable.</summary>
public sealed record ConsumerGroupConfig
{
    /// <summary>Regular expressions of a group are matched again when topics have changed, but not more often than this.</summary>
    public const long PatternRefreshMinMs = 10_000;

    /// <summary>
    /// <c>group.consumer.migration.policy</c>: a live classic group becomes a consumer group when a member of that protocol joins.
    /// </summary>
    public bool AllowsUpgrade { get; init; } = true;

    /// <summary><c>group.consumer.migration.policy</c>: and the other way round, when the last such member is gone.</summary>
    public bool AllowsDowngrade { get; init; } = true;

    /// <summary><c>group.consumer.assignors</c>: names of assignors, the first for groups whose members ask for none.</summary>
    public IReadOnlyList<string> Assignors { get; init; } = ["uniform", "range"];

    /// <summary><c>group.consumer.max.size</c>: members of one group.</summary>
    public int GroupSizeMax { get; init; } = int.MaxValue;

    /// <summary><c>group.consumer.heartbeat.interval.ms</c></summary>
    public int HeartbeatIntervalMs { get; init; } = 5_000;

    /// <summary><c>group.consumer.min.heartbeat.interval.ms</c> and <c>max</c>: between them a group may choose.</summary>
    public (int Min, int Max) HeartbeatIntervalBoundsMs { get; init; } = (5_000, 15_000);

    /// <summary><c>group.consumer.session.timeout.ms</c></summary>
    public int SessionTimeoutMs { get; init; } = 45_000;

    /// <summary><c>group.consumer.min.session.timeout.ms</c> and <c>max</c></summary>
    public (int Min, int Max) SessionTimeoutBoundsMs { get; init; } = (45_000, 60_000);

    /// <summary><c>group.consumer.assignment.interval.ms</c></summary>
    public int AssignmentIntervalMs { get; init; } = 1_000;

    /// <summary><c>group.consumer.min.assignment.interval.ms</c> and <c>max</c></summary>
    public (int Min, int Max) AssignmentIntervalBoundsMs { get; init; } = (0, 15_000);

    /// <summary><c>group.consumer.regex.refresh.interval.ms</c>: how often they are matched again in any case.</summary>
    public int PatternRefreshIntervalMs { get; init; } = 600_000;
}
