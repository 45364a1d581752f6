using Barnabas.Base;
using Barnabas.Cluster.Groups.Classic;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Offsets;

using RequestPartition = TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition;
using ResponsePartition = TxnOffsetCommitResponse.TxnOffsetCommitResponsePartition;
using ResponseTopic = TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic;

/// <summary>
/// A producer commits the offsets of a group in its transaction: they count from the transaction's end, if it is committed. That the
/// transaction is under way was found out before. Made on any thread, then owned by the coordinator's loop.
/// </summary>
/// <param name="request">Topics and partitions that exist.</param>
/// <param name="reply">Takes the answer, in the order of the request.</param>
public sealed class CommitInTransactionOperation(TxnOffsetCommitRequest request, Action<TxnOffsetCommitResponse> reply)
    : GroupRequest<TxnOffsetCommitResponse>(reply)
{
    /// <inheritdoc/>
    public override ErrorCode Precheck(GroupConfig config) =>
        request.GroupId.Length == 0 ? ErrorCode.InvalidGroupId : ErrorCode.None;

    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        if (Validate(machine) is var error and not ErrorCode.None)
        {
            decision.Saw(-1);
            Response = Refusal(error);
            return;
        }

        Response = Answer((topic, partition) =>
        {
            var metadata = partition.CommittedMetadata ?? "";
            if (metadata.Length > machine.Config.OffsetMetadataMax)
            {
                return ErrorCode.OffsetMetadataTooLarge;
            }

            // The request names topics by name only, and so does Kafka's record of it.
            var value = new CommittedOffset(partition.CommittedOffset, partition.CommittedLeaderEpoch, metadata, nowMs, -1, Uuid.Zero);
            decision.Add(new OffsetRecord(request.GroupId, topic, partition.PartitionIndex, value, request.ProducerId)
            {
                ProducerEpoch = request.ProducerEpoch,
            });
            return ErrorCode.None;
        });
    }

    /// <inheritdoc/>
    protected override TxnOffsetCommitResponse Refusal(ErrorCode error) => Answer((_, _) => error);

    /// <inheritdoc/>
    protected override ErrorCode Translate(ErrorCode error) => error switch
    {
        ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge or ErrorCode.InvalidFetchSize => ErrorCode.InvalidCommitOffsetSize,
        _ => CoordinatorErrors.Of(error),
    };

    // Older producers do not say for which member they commit, and are trusted.
    private ErrorCode Validate(GroupCoordinator coordinator)
    {
        var isAnonymous = request is { GenerationId: < 0, MemberId.Length: 0, GroupInstanceId: null };
        return coordinator.Find(request.GroupId) switch
        {
            ClassicGroup group => isAnonymous ? ErrorCode.None : Validate(group),
            ConsumerGroup group => isAnonymous ? ErrorCode.None : Validate(group),
            null => request.GenerationId < 0 ? ErrorCode.None : ErrorCode.IllegalGeneration,
            var foreign => isAnonymous || (request.GenerationId < 0 && foreign.IsEmpty) ? ErrorCode.None : ErrorCode.UnknownMemberId,
        };
    }

    // A member may commit in a transaction in its own epoch only.
    private ErrorCode Validate(ConsumerGroup group) =>
        request.GenerationId < 0 && group.IsEmpty ? ErrorCode.None
        : group.Find(request.MemberId) is not { } member ? ErrorCode.UnknownMemberId
        : request.GenerationId == member.Epoch ? ErrorCode.None : ErrorCode.IllegalGeneration;

    private ErrorCode Validate(ClassicGroup group)
    {
        if (request.GenerationId < 0 && group.State == ClassicState.Empty)
        {
            return ErrorCode.None;
        }

        if (group.Validate(request.MemberId, request.GroupInstanceId) is var error and not ErrorCode.None)
        {
            return error;
        }

        return request.GenerationId == group.Generation ? ErrorCode.None : ErrorCode.IllegalGeneration;
    }

    private TxnOffsetCommitResponse Answer(Func<string, RequestPartition, ErrorCode> outcome) => new()
    {
        Topics = request.Topics.ConvertAll(topic => new ResponseTopic
        {
            Name = topic.Name,
            Partitions = topic.Partitions.ConvertAll(partition => new ResponsePartition
            {
                PartitionIndex = partition.PartitionIndex, ErrorCode = outcome(topic.Name, partition),
            }),
        }),
    };
}
