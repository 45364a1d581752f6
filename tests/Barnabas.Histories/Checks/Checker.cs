using Barnabas.Histories.Model;

namespace Barnabas.Histories.Checks;

/// <summary>All checks. Stateless.</summary>
public static class Checker
{
    /// <summary>Each check by the name that its anomalies have.</summary>
    public static IReadOnlyDictionary<string, Func<History, IEnumerable<Anomaly>>> Checks { get; } =
        new Dictionary<string, Func<History, IEnumerable<Anomaly>>>
        {
            [nameof(AbortedReads)] = AbortedReads.Find,
            [nameof(ChangedRecords)] = ChangedRecords.Find,
            [nameof(DirtyReads)] = DirtyReads.Find,
            [nameof(Duplicates)] = Duplicates.Find,
            [nameof(HangingTransactions)] = HangingTransactions.Find,
            [nameof(LostWrites)] = LostWrites.Find,
            [nameof(NonMonotonicPolls)] = NonMonotonicPolls.Find,
            [nameof(OffsetRegressions)] = OffsetRegressions.Find,
            [nameof(Reordering)] = Reordering.Find,
            [nameof(SkippedRecords)] = SkippedRecords.Find,
            [nameof(TornTransactions)] = TornTransactions.Find,
            [nameof(TwoOwners)] = TwoOwners.Find,
            [nameof(ZombieWrites)] = ZombieWrites.Find,
        };

    /// <summary>All anomalies of a history; none in one that the semantics allow.</summary>
    public static IReadOnlyList<Anomaly> Find(History history) => [.. Checks.Values.SelectMany(find => find(history))];
}
