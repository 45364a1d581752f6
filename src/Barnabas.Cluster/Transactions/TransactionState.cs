namespace Barnabas.Cluster.Transactions;

/// <summary>
/// Where a transactional id is between two transactions. The numbers are those of the log, the names those that tools show.
/// </summary>
public enum TransactionState : byte
{
    /// <summary>No transaction since the producer began.</summary>
    Empty = 0,

    /// <summary>A transaction is under way.</summary>
    Ongoing = 1,

    /// <summary>It is decided to commit; markers are being written.</summary>
    PrepareCommit = 2,

    /// <summary>It is decided to abort; markers are being written.</summary>
    PrepareAbort = 3,

    /// <summary>Every partition has its commit marker.</summary>
    CompleteCommit = 4,

    /// <summary>Every partition has its abort marker.</summary>
    CompleteAbort = 5,

    /// <summary>The id is about to be forgotten. Never written here.</summary>
    Dead = 6,

    /// <summary>The producer is about to be fenced. Never written here.</summary>
    PrepareEpochFence = 7,
}

/// <summary>What follows from a state alone. Stateless.</summary>
public static class TransactionStates
{
    /// <summary>True while markers are being written: nothing else may happen to the id.</summary>
    public static bool IsPreparing(this TransactionState state) =>
        state is TransactionState.PrepareCommit or TransactionState.PrepareAbort;

    /// <summary>True when the id may be forgotten after a while.</summary>
    public static bool IsIdle(this TransactionState state) =>
        state is TransactionState.Empty or TransactionState.CompleteCommit or TransactionState.CompleteAbort;

    /// <summary>Finds a state by the name that tools use, which is told apart by case.</summary>
    public static bool TryFind(string name, out TransactionState state) =>
        Enum.TryParse(name, out state) && state.ToString() == name;
}
