using Barnabas.Base;

namespace Barnabas.Broker.Handlers.Transactions;

/// <summary>Codes for clients that are older than PRODUCER_FENCED. Stateless.</summary>
internal static class OldCodes
{
    /// <summary>The code as a client knows it.</summary>
    public static ErrorCode Of(ErrorCode error, bool knowsProducerFenced) =>
        error == ErrorCode.ProducerFenced && !knowsProducerFenced ? ErrorCode.InvalidProducerEpoch : error;
}
