namespace Barnabas.Cluster.Transactions.Records;

/// <summary>One record of <c>__transaction_state</c>. Immutable.</summary>
/// <param name="TransactionalId">Whose it is.</param>
/// <param name="Value">What is known from here on; null for an id that is forgotten.</param>
/// <param name="Version">How it is written: 1 has room for what came with transaction.version 1.</param>
public sealed record TransactionRecord(string TransactionalId, TransactionValue? Value, short Version = 1);
