using Barnabas.Base;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>What is wrong with a heartbeat whatever the coordinator knows. Stateless.</summary>
internal static class HeartbeatChecks
{
    private const short FirstVersionWithClientsOwnId = 1;

    /// <summary>The first thing that is wrong, in Kafka's order, or null.</summary>
    public static GroupRefusal? Of(ConsumerGroupHeartbeatRequest request, short version, ConsumerGroupConfig config)
    {
        if ((version >= FirstVersionWithClientsOwnId || request.MemberEpoch != 0) && request.MemberId.Length == 0)
        {
            return request.GroupId.Length == 0 ? NoGroup() : GroupRefusal.Invalid("MemberId can't be empty.");
        }

        if (request.GroupId.Length == 0)
        {
            return NoGroup();
        }

        if (request.InstanceId is { Length: 0 })
        {
            return GroupRefusal.Invalid("InstanceId can't be empty.");
        }

        if (request.RackId is { Length: 0 })
        {
            return GroupRefusal.Invalid("RackId can't be empty.");
        }

        var epoch = request.MemberEpoch switch
        {
            0 => OfJoin(request),
            ConsumerMember.LeftForNow when request.InstanceId is null => GroupRefusal.Invalid("InstanceId can't be null."),
            < ConsumerMember.LeftForNow => GroupRefusal.Invalid("MemberEpoch is invalid."),
            _ => null,
        };
        if (epoch is not null)
        {
            return epoch;
        }

        return request.ServerAssignor is { } assignor && !config.Assignors.Contains(assignor)
            ? new GroupRefusal(
                ErrorCode.UnsupportedAssignor,
                $"ServerAssignor {assignor} is not supported. Supported assignors: {string.Join(", ", config.Assignors)}.")
            : null;
    }

    private static GroupRefusal NoGroup() => GroupRefusal.Invalid("GroupId can't be empty.");

    private static GroupRefusal? OfJoin(ConsumerGroupHeartbeatRequest request)
    {
        if (request.RebalanceTimeoutMs == -1)
        {
            return GroupRefusal.Invalid("RebalanceTimeoutMs must be provided in first request.");
        }

        if (request.TopicPartitions is not { Count: 0 })
        {
            return GroupRefusal.Invalid("TopicPartitions must be empty when (re-)joining.");
        }

        // A pattern of no characters says as little as none.
        return request.SubscribedTopicNames is null && request.SubscribedTopicRegex is null
            ? GroupRefusal.Invalid("Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.")
            : null;
    }
}
