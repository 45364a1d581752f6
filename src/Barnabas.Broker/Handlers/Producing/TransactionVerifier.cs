using Barnabas.Base;
using Barnabas.Messages.Views;

namespace Barnabas.Broker.Handlers.Producing;

/// <summary>
/// Says whether a producer may write a batch of a transaction: whether its coordinator knows that the transaction is under way. There is no
/// coordinator to ask yet, so the answer is no, unless the operator has switched the question off. Stateless, for any thread.
/// </summary>
/// <param name="isEnabled"><c>transaction.partition.verification.enable</c> as it is now.</param>
internal sealed class TransactionVerifier(Func<bool> isEnabled)
{
    /// <summary>From here on producers leave it to the partition to join the transaction, which is never switched off.</summary>
    private const short FirstVersionThatJoins = 12;

    /// <summary>TRANSACTIONAL_ID_AUTHORIZATION_FAILED, which no client tries again, or none.</summary>
    public ErrorCode Verify(in ProduceRequestView view) =>
        view.Version >= FirstVersionThatJoins || isEnabled() ? ErrorCode.TransactionalIdAuthorizationFailed : ErrorCode.None;
}
