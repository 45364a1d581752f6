using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions.Records;
using Barnabas.Messages;

namespace Barnabas.Cluster.Transactions.Requests;

/// <summary>
/// The transactional ids of one coordinator that pass the filters. Made on any thread, then owned by the coordinator's loop.
/// </summary>
/// <param name="request">States and producer ids that are wanted, empty for all; how long a transaction has to run at least.</param>
/// <param name="matches">Whether an id is wanted; null for all.</param>
/// <param name="reply">Takes the answer, in order of the ids.</param>
public sealed class ListTransactionsOperation(
    ListTransactionsRequest request, Predicate<string>? matches, Action<ListTransactionsResponse> reply)
    : TransactionRequest<ListTransactionsResponse>(reply)
{
    /// <inheritdoc/>
    public override void Decide(TransactionCoordinator machine, Decision<TransactionRecord> decision, long nowMs)
    {
        var states = request.StateFilters.Where(name => TransactionStates.TryFind(name, out _)).ToHashSet(StringComparer.Ordinal);
        var response = new ListTransactionsResponse();
        if (states.Count > 0 || request.StateFilters.Count == 0)
        {
            foreach (var transaction in machine.All.Where(each => IsWanted(each, states, nowMs)).OrderBy(e => e.Id, StringComparer.Ordinal))
            {
                response.TransactionStates.Add(new ListTransactionsResponse.TransactionStateData
                {
                    TransactionalId = transaction.Id,
                    ProducerId = transaction.Value.ProducerId,
                    TransactionState = transaction.Value.State.ToString(),
                });
            }
        }

        Response = response;
    }

    /// <inheritdoc/>
    protected override ListTransactionsResponse Refusal(ErrorCode error) => new() { ErrorCode = error };

    private bool IsWanted(Transaction transaction, HashSet<string> states, long nowMs)
    {
        var value = transaction.Value;
        return (states.Count == 0 || states.Contains(value.State.ToString()))
            && (request.ProducerIdFilters.Count == 0 || request.ProducerIdFilters.Contains(value.ProducerId))
            && (request.DurationFilter < 0 || nowMs - value.StartMs > request.DurationFilter)
            && (matches is null || matches(transaction.Id));
    }
}
