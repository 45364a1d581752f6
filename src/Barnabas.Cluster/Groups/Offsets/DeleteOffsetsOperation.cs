using Barnabas.Base;
using Barnabas.Cluster.Groups.Classic;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Offsets;

/// <summary>
/// An operator deletes offsets of topics that nobody of the group reads. Made on any thread, then owned by the coordinator's loop.
/// </summary>
/// <param name="request">Topics and partitions that exist.</param>
/// <param name="reply">Takes the answer, in the order of the request.</param>
public sealed class DeleteOffsetsOperation(OffsetDeleteRequest request, Action<OffsetDeleteResponse> reply)
    : GroupRequest<OffsetDeleteResponse>(reply)
{
    /// <inheritdoc/>
    public override ErrorCode Precheck(GroupConfig config) => request.GroupId.Length == 0 ? ErrorCode.InvalidGroupId : ErrorCode.None;

    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        if (Validate(machine) is var error and not ErrorCode.None)
        {
            Response = Refusal(error);
            return;
        }

        var response = new OffsetDeleteResponse();
        foreach (var topic in request.Topics)
        {
            var subscribed = machine.Find(request.GroupId)!.Subscribes(topic.Name);
            var answered = new OffsetDeleteResponse.OffsetDeleteResponseTopic { Name = topic.Name };
            foreach (var partition in topic.Partitions)
            {
                if (!subscribed && machine.Offsets.Of(request.GroupId)?.Find(topic.Name, partition.PartitionIndex) is not null)
                {
                    decision.Add(new OffsetRecord(request.GroupId, topic.Name, partition.PartitionIndex, null));
                }

                answered.Partitions.Add(new OffsetDeleteResponse.OffsetDeleteResponsePartition
                {
                    PartitionIndex = partition.PartitionIndex,
                    ErrorCode = subscribed ? ErrorCode.GroupSubscribedToTopic : ErrorCode.None,
                });
            }

            response.Topics.Add(answered);
        }

        Response = response;
    }

    /// <inheritdoc/>
    protected override OffsetDeleteResponse Refusal(ErrorCode error) => new() { ErrorCode = error };

    private ErrorCode Validate(GroupCoordinator coordinator)
    {
        return coordinator.Find(request.GroupId) switch
        {
            null => ErrorCode.GroupIdNotFound,
            ClassicGroup group => group.State == ClassicState.Empty || group.HasConsumers ? ErrorCode.None : ErrorCode.NonEmptyGroup,
            ConsumerGroup => ErrorCode.None,
            _ => ErrorCode.NonEmptyGroup,
        };
    }
}
