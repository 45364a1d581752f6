using Barnabas.Histories.Model;

namespace Barnabas.Histories.Checks;

/// <summary>The records of one idempotent producer stand in each partition in the order in which it sent them.</summary>
public static class Reordering
{
    /// <summary>Records that stand behind later ones of their producer.</summary>
    public static IEnumerable<Anomaly> Find(History history)
    {
        foreach (var log in history.All.Values)
        {
            var last = new Dictionary<string, Entry>();
            foreach (var seen in log.Records)
            {
                if (history.Sends.GetValueOrDefault(seen.Value) is not { } send || !history.Clients[send.Who].Idempotent)
                {
                    continue;
                }

                if (last.TryGetValue(send.Who, out var before) && before.From > send.From)
                {
                    yield return new Anomaly(nameof(Reordering),
                        $"{send.Value} of {send.From} is at {seen.Partition}@{seen.Offset}, behind {before.Value} of {before.From}");
                }

                last[send.Who] = send;
            }
        }
    }
}
