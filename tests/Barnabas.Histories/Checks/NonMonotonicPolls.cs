using Barnabas.Histories.Model;

namespace Barnabas.Histories.Checks;

/// <summary>From an assignment or a seek on, a reader gets the records of a partition in rising order, and none twice.</summary>
public static class NonMonotonicPolls
{
    /// <summary>Records that came below the reader's position.</summary>
    public static IEnumerable<Anomaly> Find(History history) =>
        from lines in history.ByClient
        from delivery in Deliveries.To(lines.Value)
        where delivery.Seen.Offset < delivery.Position
        select new Anomaly(nameof(NonMonotonicPolls),
            $"{lines.Key} at {delivery.Seen.Partition}@{delivery.Position} got {delivery.Seen.Offset} at {delivery.Poll.To}");
}
