using Barnabas.Cluster.Transactions.Requests;

namespace Barnabas.Cluster.Transactions;

/// <summary>
/// One transactional id: what its last record says, and what a new coordinator has to find out anew. Owned by the loop of its coordinator.
/// </summary>
internal sealed class Transaction(string id, TransactionValue value)
{
    /// <summary>The transactional id.</summary>
    public string Id { get; } = id;

    /// <summary>The last record. Changed by replay alone.</summary>
    public TransactionValue Value { get; set; } = value;

    /// <summary>Of an ongoing transaction: when it is past its timeout, in microseconds of the loop's monotonic clock. Soft.</summary>
    public long DeadlineUs { get; set; }

    /// <summary>Brokers that wait to add a partition until the markers are written. Soft.</summary>
    public List<AddPartitionsOperation> Waiting { get; } = [];
}
