using Barnabas.Histories.Model;

namespace Barnabas.Histories.Checks;

/// <summary>What a reader has seen at an offset stays there, and is something that was sent.</summary>
public static class ChangedRecords
{
    /// <summary>Records that were seen and are gone or others now, and records that nobody sent.</summary>
    public static IEnumerable<Anomaly> Find(History history)
    {
        foreach (var poll in history.Of(Operation.Poll))
        {
            var reader = history.Clients[poll.Who];
            foreach (var seen in poll.Records)
            {
                var now = history.LogFor(reader, seen.Partition).At(seen.Offset);
                if (now != seen.Value)
                {
                    yield return new Anomaly(nameof(ChangedRecords),
                        $"{poll.Who} saw {seen.Value} at {seen.Partition}@{seen.Offset} at {poll.To}; {now ?? "nothing"} is there now");
                }
            }
        }

        foreach (var seen in history.All.Values.Concat(history.Decided.Values).SelectMany(log => log.Records))
        {
            if (history.Sends.GetValueOrDefault(seen.Value) is not { } send || send.Partition != seen.Partition)
            {
                yield return new Anomaly(nameof(ChangedRecords),
                    $"nobody sent the {seen.Value} that is at {seen.Partition}@{seen.Offset} there");
            }
        }
    }
}
