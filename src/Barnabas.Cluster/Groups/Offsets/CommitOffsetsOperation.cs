using Barnabas.Base;
using Barnabas.Cluster.Groups.Classic;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Offsets;

/// <summary>
/// A member, or a client that uses no groups, says how far it has come. Made on any thread, then owned by the coordinator's loop.
/// </summary>
/// <param name="request">Topics and partitions that exist, with name and id both, whatever the version.</param>
/// <param name="caller">Who commits.</param>
/// <param name="reply">Takes the answer, in the order of the request.</param>
public sealed class CommitOffsetsOperation(OffsetCommitRequest request, GroupCaller caller, Action<OffsetCommitResponse> reply)
    : GroupRequest<OffsetCommitResponse>(reply)
{
    private const short FirstVersionWithGroupIdNotFound = 9;

    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        if (Validate(machine) is var error and not ErrorCode.None)
        {
            decision.Saw(-1);
            Response = Refusal(error);
            return;
        }

        var expiresMs = request.RetentionTimeMs < 0 ? -1 : nowMs + request.RetentionTimeMs;
        Response = Answer((topic, partition) =>
        {
            if (CheckPartition(machine, topic, partition) is var stale and not ErrorCode.None)
            {
                return stale;
            }

            var metadata = partition.CommittedMetadata ?? "";
            if (metadata.Length > machine.Config.OffsetMetadataMax)
            {
                return ErrorCode.OffsetMetadataTooLarge;
            }

            var value = new CommittedOffset(
                partition.CommittedOffset, partition.CommittedLeaderEpoch, metadata, nowMs, expiresMs, topic.TopicId);
            decision.Add(new OffsetRecord(request.GroupId, topic.Name, partition.PartitionIndex, value));
            return ErrorCode.None;
        });
    }

    /// <inheritdoc/>
    protected override OffsetCommitResponse Refusal(ErrorCode error) => Answer((_, _) => error);

    /// <inheritdoc/>
    protected override ErrorCode Translate(ErrorCode error) => error switch
    {
        ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge or ErrorCode.InvalidFetchSize => ErrorCode.InvalidCommitOffsetSize,
        _ => CoordinatorErrors.Of(error),
    };

    private ErrorCode Validate(GroupCoordinator coordinator)
    {
        var isSimple = request.GenerationIdOrMemberEpoch < 0;
        switch (coordinator.Find(request.GroupId))
        {
            case ClassicGroup group:
                var error = Validate(group, isSimple);
                if (error == ErrorCode.None && group.Find(request.MemberId) is { } member)
                {
                    MemberSessions.Renew(coordinator, group, member);
                }

                return error;
            case ConsumerGroup group:
                return OffsetChecks.OfCommit(group, request.MemberId, request.GenerationIdOrMemberEpoch, caller.Version);
            case null when isSimple:
                return ErrorCode.None;
            case null:
                return caller.Version >= FirstVersionWithGroupIdNotFound ? ErrorCode.GroupIdNotFound : ErrorCode.IllegalGeneration;
            case var foreign:
                return isSimple && foreign.IsEmpty ? ErrorCode.None : ErrorCode.UnknownMemberId;
        }
    }

    private ErrorCode Validate(ClassicGroup group, bool isSimple)
    {
        if (isSimple && group.State == ClassicState.Empty)
        {
            return ErrorCode.None;
        }

        // Whoever is not a member may not interfere with those that are.
        if (group.Validate(request.MemberId, request.GroupInstanceId) is var error and not ErrorCode.None)
        {
            return error;
        }

        if (request.GenerationIdOrMemberEpoch != group.Generation)
        {
            return ErrorCode.IllegalGeneration;
        }

        // The member knows its generation but not its work yet, so it cannot have done any.
        return group.State == ClassicState.CompletingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    private ErrorCode CheckPartition(
        GroupCoordinator coordinator, OffsetCommitRequest.OffsetCommitRequestTopic topic,
        OffsetCommitRequest.OffsetCommitRequestPartition partition) => coordinator.Find(request.GroupId) is ConsumerGroup group
            ? OffsetChecks.OfPartition(
                group, request.MemberId, request.GenerationIdOrMemberEpoch, new TopicIdPartition(topic.TopicId, partition.PartitionIndex))
            : ErrorCode.None;

    private OffsetCommitResponse Answer(
        Func<OffsetCommitRequest.OffsetCommitRequestTopic, OffsetCommitRequest.OffsetCommitRequestPartition, ErrorCode> outcome)
    {
        var response = new OffsetCommitResponse();
        foreach (var topic in request.Topics)
        {
            var answered = new OffsetCommitResponse.OffsetCommitResponseTopic { Name = topic.Name, TopicId = topic.TopicId };
            foreach (var partition in topic.Partitions)
            {
                answered.Partitions.Add(new OffsetCommitResponse.OffsetCommitResponsePartition
                {
                    PartitionIndex = partition.PartitionIndex,
                    ErrorCode = outcome(topic, partition),
                });
            }

            response.Topics.Add(answered);
        }

        return response;
    }
}
