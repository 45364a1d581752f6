using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Transactions.Requests;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Transactions;

/// <summary>DescribeTransactions: what the coordinators know of some transactional ids.</summary>
internal sealed class DescribeTransactionsHandler(TransactionCoordinators coordinators)
    : MessageHandler<DescribeTransactionsRequest>(ApiKey.DescribeTransactions)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, DescribeTransactionsRequest message)
    {
        var ids = message.TransactionalIds;
        if (ids.Count == 0)
        {
            request.Complete(new DescribeTransactionsResponse());
            return;
        }

        var answers = new DescribeTransactionsResponse.TransactionStateData[ids.Count];
        var call = new CoordinatorCall(request, ids.Count, () => new DescribeTransactionsResponse { TransactionStates = [.. answers] });
        for (var i = 0; i < ids.Count; i++)
        {
            var index = i;
            var operation = new DescribeTransactionOperation(ids[i], answer =>
            {
                answers[index] = answer;
                call.Answered();
            });
            coordinators.Submit(ids[i], operation, call.Submitted);
        }
    }
}
