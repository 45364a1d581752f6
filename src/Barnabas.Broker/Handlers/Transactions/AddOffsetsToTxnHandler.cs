using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions.Requests;
using Barnabas.Log;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Transactions;

/// <summary>AddOffsetsToTxn: the partition that a group's offsets live on joins the transaction.</summary>
/// <param name="coordinators">Decides.</param>
/// <param name="offsetsPartitionsDefault">Partitions of the offsets topic where it is not made yet.</param>
internal sealed class AddOffsetsToTxnHandler(TransactionCoordinators coordinators, int offsetsPartitionsDefault)
    : MessageHandler<AddOffsetsToTxnRequest>(ApiKey.AddOffsetsToTxn)
{
    private const short FirstVersionWithProducerFenced = 2;

    /// <inheritdoc/>
    protected override void Handle(Request request, AddOffsetsToTxnRequest message)
    {
        var topic = coordinators.Image.Topics.Find(GroupPartition.Topic);
        var partition = CoordinatorPartition.Of(message.GroupId, topic?.Partitions.Length ?? offsetsPartitionsDefault);
        var question = new AddPartitions(
            message.TransactionalId, message.ProducerId, message.ProducerEpoch, [new TopicPartition(GroupPartition.Topic, partition)]);
        var call = new CoordinatorCall(request);
        var version = request.ApiVersion;
        var operation = new AddPartitionsOperation(question, answer => call.Answer(new AddOffsetsToTxnResponse
        {
            ErrorCode = OldCodes.Of(answer.Error, version >= FirstVersionWithProducerFenced),
        }));
        coordinators.Submit(message.TransactionalId, operation, call.Submitted);
    }
}
