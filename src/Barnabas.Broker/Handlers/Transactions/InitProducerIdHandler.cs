using Barnabas.Base;
using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Broker.Quorum;
using Barnabas.Cluster.Transactions.Requests;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Transactions;

/// <summary>Gives an idempotent producer its id; what a producer of transactions gets is its coordinator's to say.</summary>
internal sealed class InitProducerIdHandler(ProducerIds ids, TransactionCoordinators coordinators)
    : MessageHandler<InitProducerIdRequest>(ApiKey.InitProducerId)
{
    private const short FirstVersionWithProducerFenced = 4;

    /// <inheritdoc/>
    protected override void Handle(Request request, InitProducerIdRequest message)
    {
        var hasHalf = (message.ProducerId == -1) != (message.ProducerEpoch == -1);
        if (hasHalf || message.TransactionalId is { Length: 0 })
        {
            Complete(request, ErrorCode.InvalidRequest);
        }
        else if (message.TransactionalId is { } transactionalId)
        {
            var call = new CoordinatorCall(request);
            coordinators.Submit(
                transactionalId, new InitProducerIdOperation(message, answer => call.Answer(ForClient(answer, request))), call.Submitted);
        }
        else
        {
            // Without a transactional id every request is a new producer, whatever id it had before.
            ids.Take((error, id) => Complete(request, error, id));
        }
    }

    private static InitProducerIdResponse ForClient(InitProducerIdResponse answer, Request request)
    {
        answer.ErrorCode = OldCodes.Of(answer.ErrorCode, request.ApiVersion >= FirstVersionWithProducerFenced);
        return answer;
    }

    private static void Complete(Request request, ErrorCode error, long id = -1) => request.Complete(new InitProducerIdResponse
    {
        ErrorCode = error, ProducerId = id, ProducerEpoch = error == ErrorCode.None ? (short)0 : (short)-1,
    });
}
