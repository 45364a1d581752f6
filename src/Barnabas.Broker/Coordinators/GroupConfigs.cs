using Barnabas.Broker.Config;
using Barnabas.Cluster.Groups;

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
    };
}
