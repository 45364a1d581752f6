using Barnabas.Base;
using Barnabas.Broker.Network;
using Barnabas.Broker.Quorum;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Admin;

/// <summary>Gives an idempotent producer its id. Transactions are refused: no coordinator for them is advertised.</summary>
public sealed class InitProducerIdHandler(ProducerIds ids) : MessageHandler<InitProducerIdRequest>(ApiKey.InitProducerId)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, InitProducerIdRequest message)
    {
        var refusal = Judge(message);
        if (refusal != ErrorCode.None)
        {
            request.Complete(new InitProducerIdResponse { ErrorCode = refusal, ProducerId = -1, ProducerEpoch = -1 });
            return;
        }

        // Without a transactional id every request is a new producer, whatever id it had before.
        ids.Take((error, id) => request.Complete(new InitProducerIdResponse
        {
            ErrorCode = error, ProducerId = id, ProducerEpoch = error == ErrorCode.None ? (short)0 : (short)-1,
        }));
    }

    private static ErrorCode Judge(InitProducerIdRequest message)
    {
        var hasHalf = (message.ProducerId == -1) != (message.ProducerEpoch == -1);
        if (hasHalf || message.TransactionalId is { Length: 0 })
        {
            return ErrorCode.InvalidRequest;
        }

        return message.TransactionalId is null ? ErrorCode.None : ErrorCode.UnsupportedVersion;
    }
}
