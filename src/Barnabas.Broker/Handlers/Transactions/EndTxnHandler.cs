using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Transactions.Requests;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Transactions;

/// <summary>EndTxn: commit or abort, answered when that is decided for good.</summary>
internal sealed class EndTxnHandler(TransactionCoordinators coordinators) : MessageHandler<EndTxnRequest>(ApiKey.EndTxn)
{
    private const short FirstVersionWithProducerFenced = 2, FirstVersionWithEpochs = 5;

    /// <inheritdoc/>
    protected override void Handle(Request request, EndTxnRequest message)
    {
        var call = new CoordinatorCall(request);
        var version = request.ApiVersion;
        var operation = new EndTransactionOperation(message, version >= FirstVersionWithEpochs, answer =>
        {
            answer.ErrorCode = OldCodes.Of(answer.ErrorCode, version >= FirstVersionWithProducerFenced);
            call.Answer(answer);
        });
        coordinators.Submit(message.TransactionalId, operation, call.Submitted);
    }
}
