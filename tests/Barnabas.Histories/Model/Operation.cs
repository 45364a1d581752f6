namespace Barnabas.Histories.Model;

/// <summary>What a line of a history tells of. docs/internals/history.md says which fields each has.</summary>
public enum Operation
{
    /// <summary>A client was made: who it is and what it promises.</summary>
    Client,

    /// <summary>A producer took over its transactional id (initTransactions).</summary>
    Init,

    /// <summary>One record was sent.</summary>
    Send,

    /// <summary>Offsets were added to a transaction.</summary>
    Offsets,

    /// <summary>A transaction was asked to commit.</summary>
    Commit,

    /// <summary>A transaction was asked to abort.</summary>
    Abort,

    /// <summary>The callback that gives partitions to a member.</summary>
    Assigned,

    /// <summary>The callback in which a member gives partitions back.</summary>
    Revoked,

    /// <summary>The callback that tells a member that it had lost partitions before.</summary>
    Lost,

    /// <summary>A consumer begins to close: it uses nothing of what it has from here on.</summary>
    Closing,

    /// <summary>A consumer moved its position of its own accord.</summary>
    Seek,

    /// <summary>A consumer polled.</summary>
    Poll,

    /// <summary>A consumer committed offsets.</summary>
    CommitOffsets,

    /// <summary>Somebody read committed offsets.</summary>
    Committed,

    /// <summary>Somebody asked for the ends of partitions.</summary>
    Ends,

    /// <summary>One partition was read from its beginning to its end after everything: the truth.</summary>
    Final,
}

/// <summary>What the one who asked knows of an operation.</summary>
public enum Outcome
{
    /// <summary>It was done.</summary>
    Ok,

    /// <summary>It was not done, and will not be.</summary>
    Failed,

    /// <summary>It may have been done, may be done later, or never.</summary>
    Unknown,
}
