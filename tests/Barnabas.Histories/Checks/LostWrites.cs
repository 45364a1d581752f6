using Barnabas.Histories.Model;

namespace Barnabas.Histories.Checks;

/// <summary>
/// What was acknowledged is in the log, at the offset that the answer named; of a committed transaction, for everybody to read.
/// </summary>
public static class LostWrites
{
    /// <summary>Records that were acknowledged and are not there, and records that a copier passed without copying them.</summary>
    public static IEnumerable<Anomaly> Find(History history)
    {
        foreach (var send in history.Sends.Values.Where(send => send.Result == Outcome.Ok))
        {
            // What lies behind a transaction that hangs nobody can read yet; that is an anomaly of its own.
            var isForAll = send.Offset < History.LogOf(history.Decided, send.Partition).Position
                && (send.Txn.Length == 0 || history.Transactions[send.Txn].Fate == Fate.Committed);
            if (!History.IsInTheEnd(history.All, send) || (isForAll && !History.IsInTheEnd(history.Decided, send)))
            {
                var found = History.LogOf(isForAll ? history.Decided : history.All, send.Partition).At(send.Offset) ?? "nothing";
                yield return new Anomaly(nameof(LostWrites),
                    $"{send.Who} was told at {send.To} that {send.Value} is at {send.Partition}@{send.Offset}; {found} is there");
            }
        }

        foreach (var copies in Copies.Of(history))
        {
            foreach (var source in copies.Passed.Where(source => !copies.ByPlace.ContainsKey(source)))
            {
                yield return new Anomaly(nameof(LostWrites), $"{copies.Group} committed an offset behind {source} without a copy of it");
            }
        }
    }
}
