using Barnabas.Histories.Model;

namespace Barnabas.Histories.Checks;

/// <summary>
/// A reader gets every record that it may see: none is between two that it gets, nor between where its group was and where it begins.
/// </summary>
public static class SkippedRecords
{
    /// <summary>Records over which a reader was led.</summary>
    public static IEnumerable<Anomaly> Find(History history)
    {
        var attempts = OffsetAttempts.Of(history);
        foreach (var (who, lines) in history.ByClient)
        {
            var client = history.Clients[who];
            foreach (var delivery in Deliveries.To(lines))
            {
                var (partition, offset) = (delivery.Seen.Partition, delivery.Seen.Offset);
                var position = delivery.Position;
                if (position < 0)
                {
                    position = attempts.Highest(client.Group, partition, delivery.Poll.To);
                }

                var skipped = history.LogFor(client, partition).First(position, offset);
                if (skipped >= 0)
                {
                    yield return new Anomaly(nameof(SkippedRecords),
                        $"{who} at {partition}@{position} got {offset} at {delivery.Poll.To} and not {skipped}");
                }
            }
        }
    }
}
