using Barnabas.Broker.Config;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Consumer;

namespace Barnabas.Broker.Coordinators;

/// <summary>From the broker's configuration to the coordinators'.</summary>
public static class GroupConfigs
{
    /// <summary>What the coordinators are told.</summary>
    public static GroupConfig Of(GroupsConfig config) => new()
    {
        SessionTimeoutMinMs = config.SessionTimeoutMsMin,
        SessionTimeoutMaxMs = config.SessionTimeoutMsMax,
        InitialRebalanceDelayMs = config.InitialRebalanceDelayMs,
        GroupSizeMax = config.SizeMax,
        OffsetMetadataMax = config.OffsetMetadataBytesMax,
        OffsetsRetentionMs = config.OffsetsRetentionMs,
        OffsetsRetentionCheckIntervalMs = config.OffsetsRetentionCheckIntervalMs,
        OffersConsumerProtocol = config.Consumer.IsOffered,
        Consumer = new ConsumerGroupConfig
        {
            AllowsUpgrade = config.Consumer.AllowsUpgrade,
            AllowsDowngrade = config.Consumer.AllowsDowngrade,
            Assignors = config.Consumer.Assignors,
            GroupSizeMax = config.Consumer.SizeMax,
            HeartbeatIntervalMs = config.Consumer.HeartbeatIntervalMs,
            HeartbeatIntervalBoundsMs = config.Consumer.HeartbeatIntervalBoundsMs,
            SessionTimeoutMs = config.Consumer.SessionTimeoutMs,
            SessionTimeoutBoundsMs = config.Consumer.SessionTimeoutBoundsMs,
            AssignmentIntervalMs = config.Consumer.AssignmentIntervalMs,
            AssignmentIntervalBoundsMs = config.Consumer.AssignmentIntervalBoundsMs,
            PatternRefreshIntervalMs = config.Consumer.PatternRefreshIntervalMs,
        },
    };
}
