namespace Barnabas.Histories.Model;

/// <summary>How much happened in a history: one in which too little did proves nothing. Immutable.</summary>
public sealed class Coverage(History history)
{
    /// <summary>Records that were acknowledged.</summary>
    public int Acknowledged { get; } = history.Sends.Values.Count(send => send.Result == Outcome.Ok);

    /// <summary>Records that may or may not have been written, as far as their senders know.</summary>
    public int Unanswered { get; } = history.Sends.Values.Count(send => send.Result == Outcome.Unknown);

    /// <summary>Transactions whose commit was answered.</summary>
    public int Commits { get; } = With(history, Fate.Committed);

    /// <summary>Transactions that were aborted.</summary>
    public int Aborts { get; } = With(history, Fate.Aborted);

    /// <summary>Transactions whose commit was asked for and not answered.</summary>
    public int Open { get; } = With(history, Fate.Open);

    /// <summary>Copies that can be read.</summary>
    public int Copies { get; } = history.Sends.Values.Count(send => send.CopyOf.Length > 0 && History.IsInTheEnd(history.Decided, send));

    /// <summary>Records that readers of committed ones got.</summary>
    public int Read { get; } =
        history.Of(Operation.Poll).Where(poll => history.Clients[poll.Who].Committed).Sum(poll => poll.Records.Count);

    /// <summary>Records that other readers got.</summary>
    public int ReadAny { get; } =
        history.Of(Operation.Poll).Where(poll => !history.Clients[poll.Who].Committed).Sum(poll => poll.Records.Count);

    /// <summary>Callbacks that gave, took and reported lost partitions.</summary>
    public string Rebalances { get; } = string.Join('/', ((Operation[])[Operation.Assigned, Operation.Revoked, Operation.Lost])
        .Select(kind => history.Of(kind).Count(entry => entry.Partitions.Count > 0)));

    /// <summary>Times in which a member had a partition.</summary>
    public int Holdings { get; } = history.Holdings.Count;

    /// <summary>Commits of offsets that were answered.</summary>
    public int OffsetCommits { get; } = history.Of(Operation.CommitOffsets).Count(entry => entry.Result == Outcome.Ok);

    /// <summary>Lives of clients.</summary>
    public int Clients { get; } = history.Clients.Count;

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Clients} clients; {Acknowledged} records acknowledged, {Unanswered} not; transactions {Commits} committed, {Aborts} aborted, "
        + $"{Open} open; {Copies} copies; read {Read} committed, {ReadAny} of any kind; {OffsetCommits} commits of offsets; "
        + $"{Holdings} holdings, {Rebalances} callbacks";

    private static int With(History history, Fate fate) => history.Transactions.Values.Count(transaction => transaction.Fate == fate);
}
