using Barnabas.Histories.Model;

namespace Barnabas.Histories.Checks;

/// <summary>
/// A reader of committed records never gets one of an aborted transaction (G1a); nobody gets one whose sending failed for sure.
/// </summary>
public static class AbortedReads
{
    /// <summary>Records that were read though they never came to be.</summary>
    public static IEnumerable<Anomaly> Find(History history)
    {
        var polls =
            from poll in history.Of(Operation.Poll)
            from seen in poll.Records
            select (Reader: $"{poll.Who} at {poll.To}", history.Clients[poll.Who].Committed, Seen: seen);
        var finals =
            from log in history.Decided.Values
            from seen in log.Records
            select (Reader: "the final reading", Committed: true, Seen: seen);
        foreach (var (reader, isCommitted, seen) in polls.Concat(finals))
        {
            if (history.Sends.GetValueOrDefault(seen.Value) is not { } send)
            {
                continue;
            }

            var isAborted = send.Txn.Length > 0 && history.Transactions[send.Txn].Fate == Fate.Aborted;
            if (send.Result == Outcome.Failed || (isCommitted && isAborted))
            {
                var why = send.Result == Outcome.Failed ? "was not sent" : $"is of {send.Txn}, which was aborted";
                yield return new Anomaly(nameof(AbortedReads),
                    $"{reader} got {seen.Value} at {seen.Partition}@{seen.Offset}, which {why}");
            }
        }
    }
}
