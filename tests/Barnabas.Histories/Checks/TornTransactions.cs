using Barnabas.Histories.Model;

namespace Barnabas.Histories.Checks;

/// <summary>
/// Of a transaction everything is to be read in the end, or nothing: records of all partitions, and the offsets of a copier.
/// </summary>
public static class TornTransactions
{
    /// <summary>Transactions of which a part is there, and copies whose offsets are not committed.</summary>
    public static IEnumerable<Anomaly> Find(History history)
    {
        var there = history.Decided.Values.SelectMany(log => log.Records).Select(seen => seen.Value).ToHashSet();
        foreach (var transaction in history.Transactions.Values)
        {
            // What lies behind another transaction that hangs nobody can read yet; that is an anomaly of its own.
            var reached = transaction.Sends.Where(send => send.Offset < History.LogOf(history.Decided, send.Partition).Position).ToList();
            var missing = reached.Where(send => !there.Contains(send.Value)).ToList();
            if (missing.Count > 0 && missing.Count < reached.Count)
            {
                yield return new Anomaly(nameof(TornTransactions),
                    $"of the {transaction.Sends.Count} records of {transaction.Id} ({transaction.Fate}) these cannot be read: "
                    + string.Join(", ", missing.Select(send => $"{send.Value} of {send.Partition}")));
            }
        }

        foreach (var copies in Copies.Of(history))
        {
            foreach (var place in copies.Ahead())
            {
                yield return new Anomaly(nameof(TornTransactions), $"{place} is copied, and {copies.Group} has not committed that");
            }
        }
    }
}
