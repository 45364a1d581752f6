using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions.Records;

namespace Barnabas.Cluster.Transactions;

/// <summary>What a transaction coordinator decides of its own accord.</summary>
internal abstract class TransactionChore : CoordinatorChore<TransactionCoordinator, TransactionRecord, TransactionConfig>;

/// <summary>What is asked of a transaction coordinator.</summary>
/// <inheritdoc cref="CoordinatorRequest{TMachine,TRecord,TConfig,TResponse}"/>
public abstract class TransactionRequest<TResponse>(Action<TResponse> reply)
    : CoordinatorRequest<TransactionCoordinator, TransactionRecord, TransactionConfig, TResponse>(reply)
    where TResponse : class;
