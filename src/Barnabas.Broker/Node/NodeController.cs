using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Broker.Config;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Metadata;

namespace Barnabas.Broker.Node;

/// <summary>What the node's configuration means to its controller. Stateless.</summary>
internal static class NodeController
{
    /// <summary>The settings of the controller at start.</summary>
    public static ControllerSettings Settings(BrokerConfig config, LiveConfig live, Randomness randomness) => new()
    {
        NodeId = config.NodeId,
        PartitionsDefault = config.Logs.Partitions,
        ReplicationFactorDefault = config.Logs.ReplicationFactor,
        CanDeleteTopics = config.Logs.DeleteTopics,
        JudgeConfig = (resource, current, changes) => Judge(live, resource, current, changes),
        Features = SupportedFeatures.All,
        Random = randomness,
    };

    private static ConfigOutcome Judge(
        LiveConfig live, ConfigResource resource, PersistentMap<string, string> current, IReadOnlyList<ConfigChange> changes) =>
        resource.Kind switch
        {
            ConfigKind.Topic => ConfigEdits.Topic(live.Broker, current.Entries, changes),
            ConfigKind.Broker => ConfigEdits.Broker(live.Broker, resource.Name.Length == 0, current.Entries, changes),
            ConfigKind.Group => ConfigEdits.Group(live.Broker, current.Entries, changes),
            ConfigKind.ClientMetrics => ConfigEdits.ClientMetrics(current.Entries, changes),
            _ => new ConfigOutcome(ErrorCode.InvalidRequest, $"Unknown resource type {(int)resource.Kind}", null),
        };
}
