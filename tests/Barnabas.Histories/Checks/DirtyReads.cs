using Barnabas.Histories.Model;

namespace Barnabas.Histories.Checks;

/// <summary>
/// A reader of committed records, or of committed offsets, gets nothing of a transaction before its commit was asked for.
/// </summary>
public static class DirtyReads
{
    /// <summary>Reads of what was undecided then, whatever became of it.</summary>
    public static IEnumerable<Anomaly> Find(History history) => Records(history).Concat(Offsets(history));

    private static IEnumerable<Anomaly> Records(History history) =>
        from poll in history.Of(Operation.Poll)
        where history.Clients[poll.Who].Committed
        from seen in poll.Records
        let send = history.Sends.GetValueOrDefault(seen.Value)
        where send is { Txn.Length: > 0 }
        let commit = history.Transactions[send.Txn].Commit
        where commit is not null && poll.To < commit.From
        select new Anomaly(nameof(DirtyReads),
            $"{poll.Who} got {seen.Value} of {send.Txn} at {poll.To}, whose commit was asked for at {commit.From}");

    private static IEnumerable<Anomaly> Offsets(History history)
    {
        var attempts = OffsetAttempts.Of(history);
        return
            from read in history.Of(Operation.Committed)
            where read.Result == Outcome.Ok
            from at in read.Offsets
            where !attempts.MayBeCommitted(read.Group, at.Key, at.Value, read.To)
            select new Anomaly(nameof(DirtyReads),
                $"{read.Who} read at {read.To} that {read.Group} had committed {at.Key}@{at.Value}, which nobody had by then");
    }
}
