using Barnabas.Base;

namespace Barnabas.Cluster.Machines;

/// <summary>What clients of a coordinator are told when its partition's log refuses records. Stateless.</summary>
public static class CoordinatorErrors
{
    /// <summary>An error of a partition's log as one of its coordinator.</summary>
    public static ErrorCode Of(ErrorCode error) => error switch
    {
        ErrorCode.UnknownTopicOrPartition or ErrorCode.NotEnoughReplicas or ErrorCode.NotEnoughReplicasAfterAppend
            or ErrorCode.RequestTimedOut => ErrorCode.CoordinatorNotAvailable,
        ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError => ErrorCode.NotCoordinator,
        ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge or ErrorCode.InvalidFetchSize => ErrorCode.UnknownServerError,
        _ => error,
    };
}
