using Barnabas.Histories.Model;

namespace Barnabas.Histories.Checks;

/// <summary>A record of a producer that promises it is in the log once at most, and has one copy at most.</summary>
public static class Duplicates
{
    /// <summary>Records that are there more often.</summary>
    public static IEnumerable<Anomaly> Find(History history)
    {
        var twice =
            from log in history.All.Values
            from seen in log.Records
            group seen by seen.Value into places
            where places.Count() > 1 && history.Sends.TryGetValue(places.Key, out var send) && history.Clients[send.Who].Idempotent
            select new Anomaly(nameof(Duplicates),
                $"{places.Key} is at {string.Join(", ", places.Select(seen => $"{seen.Partition}@{seen.Offset}"))}");
        var copied =
            from copies in Copies.Of(history)
            from copy in copies.ByPlace
            where copy.Value.Count > 1
            select new Anomaly(nameof(Duplicates), $"{copies.Group} copied {copy.Key} to "
                + string.Join(", ", copy.Value.Select(seen => $"{seen.Partition}@{seen.Offset}")));
        return twice.Concat(copied);
    }
}
