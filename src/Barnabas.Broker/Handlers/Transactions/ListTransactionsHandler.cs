using Barnabas.Base;
using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Transactions;
using Barnabas.Cluster.Transactions.Requests;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Transactions;

/// <summary>ListTransactions: the transactional ids of every coordinator on this broker.</summary>
internal sealed class ListTransactionsHandler(TransactionCoordinators coordinators)
    : MessageHandler<ListTransactionsRequest>(ApiKey.ListTransactions)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, ListTransactionsRequest message)
    {
        var unknown = message.StateFilters.FindAll(name => !TransactionStates.TryFind(name, out _));
        var text = message.TransactionalIdPattern ?? "";
        if (TopicPattern.Mistake(text) is not null)
        {
            request.Complete(new ListTransactionsResponse { ErrorCode = ErrorCode.InvalidRegularExpression });
            return;
        }

        var led = coordinators.Led();
        if (led.Count == 0)
        {
            request.Complete(new ListTransactionsResponse { UnknownStateFilters = unknown });
            return;
        }

        var pattern = text.Length == 0 ? null : TopicPattern.Of(text);
        var answers = new ListTransactionsResponse[led.Count];
        var call = new CoordinatorCall(request, led.Count, () => Join(answers, unknown));
        for (var i = 0; i < led.Count; i++)
        {
            var index = i;
            var operation = new ListTransactionsOperation(message, pattern?.Matcher(), answer =>
            {
                answers[index] = answer;
                call.Answered();
            });
            TransactionCoordinators.Submit(led[i], operation, call.Submitted);
        }
    }

    // A coordinator that has just left takes its ids with it; one that is loading has ids that cannot be said yet.
    private static ListTransactionsResponse Join(ListTransactionsResponse[] answers, List<string> unknown)
    {
        var joined = new ListTransactionsResponse { UnknownStateFilters = unknown };
        foreach (var answer in answers)
        {
            if (answer.ErrorCode is not ErrorCode.None and not ErrorCode.NotCoordinator)
            {
                return new ListTransactionsResponse { ErrorCode = answer.ErrorCode };
            }

            joined.TransactionStates.AddRange(answer.TransactionStates);
        }

        return joined;
    }
}
