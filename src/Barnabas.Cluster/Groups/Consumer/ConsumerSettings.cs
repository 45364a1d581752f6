using System.Globalization;
using Barnabas.Cluster.Metadata;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>The times of one consumer group: its own where it has some, else the broker's. Immutable.</summary>
/// <param name="HeartbeatIntervalMs">What members are told to leave between heartbeats.</param>
/// <param name="SessionTimeoutMs">After so long without one, a member is out.</param>
/// <param name="AssignmentIntervalMs">The shortest time between two target assignments.</param>
internal readonly record struct ConsumerSettings(int HeartbeatIntervalMs, int SessionTimeoutMs, int AssignmentIntervalMs)
{
    /// <summary>The key of the broker that may change while it runs.</summary>
    private const string AssignmentIntervalKey = "group.consumer.assignment.interval.ms";

    /// <summary>As the metadata has them now.</summary>
    public static ConsumerSettings Of(GroupCoordinator coordinator, string groupId)
    {
        var config = coordinator.Config.Consumer;
        var configs = coordinator.Image.Configs;
        var own = configs.Of(new ConfigResource(ConfigKind.Group, groupId));
        var cluster = configs.Find(ConfigResource.ClusterDefault, AssignmentIntervalKey);
        return new ConsumerSettings(
            Within(own.Find("consumer.heartbeat.interval.ms"), config.HeartbeatIntervalMs, config.HeartbeatIntervalBoundsMs),
            Within(own.Find("consumer.session.timeout.ms"), config.SessionTimeoutMs, config.SessionTimeoutBoundsMs),
            Within(
                own.Find("consumer.assignment.interval.ms"), Number(cluster) ?? config.AssignmentIntervalMs,
                config.AssignmentIntervalBoundsMs));
    }

    // A value that was set under other bounds of the broker counts as the bound that is next to it.
    private static int Within(string? own, int otherwise, (int Min, int Max) bounds) =>
        Number(own) is { } number ? Math.Min(Math.Max(number, bounds.Min), bounds.Max) : otherwise;

    private static int? Number(string? text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
}
