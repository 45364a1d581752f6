using Barnabas.Histories.Model;

namespace Barnabas.Histories.Checks;

/// <summary>When every transactional id has been taken over, nothing holds readers of committed records back.</summary>
public static class HangingTransactions
{
    /// <summary>Partitions that cannot be read to their end.</summary>
    public static IEnumerable<Anomaly> Find(History history) =>
        from log in history.Decided
        where log.Value.Position < log.Value.End
        select new Anomaly(nameof(HangingTransactions),
            $"readers of committed records come to {log.Key}@{log.Value.Position}, and the log ends at {log.Value.End}");
}
