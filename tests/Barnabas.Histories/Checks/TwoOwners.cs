using Barnabas.Histories.Model;

namespace Barnabas.Histories.Checks;

/// <summary>
/// A partition has one owner in a group. A member that was thrown out without knowing may go on to believe that it owns; so beliefs that
/// overlap in time are no fault by themselves, and three things are: two members had the partition in the same epoch; the coordinator took
/// a commit for it from the one after it had given it to the other; a live member was still to be asked to give it up when the other one
/// had it.
/// </summary>
public static class TwoOwners
{
    /// <summary>Partitions that two members had.</summary>
    public static IEnumerable<Anomaly> Find(History history)
    {
        foreach (var holdings in history.Holdings.GroupBy(holding => (holding.Group, holding.Partition)))
        {
            var inOrder = holdings.OrderBy(holding => holding.From).ToList();
            for (var i = 0; i < inOrder.Count; i++)
            {
                foreach (var later in inOrder.Skip(i + 1).Where(later => later.Who != inOrder[i].Who))
                {
                    if (Judge(history, inOrder[i], later) is { } what)
                    {
                        yield return new Anomaly(nameof(TwoOwners),
                            $"{later.Partition} of {later.Group}: {later.Who} had it from {later.From} on, {inOrder[i].Who} {what}");
                    }
                }
            }
        }
    }

    private static string? Judge(History history, Holding earlier, Holding later)
    {
        // A static member that comes back goes on in the epoch in which it went.
        var instance = history.Clients[earlier.Who].Instance;
        var isSameMember = instance.Length > 0 && instance == history.Clients[later.Who].Instance;
        if (!isSameMember && earlier.FirstEpoch > Entry.NoEpoch && later.FirstEpoch > Entry.NoEpoch
            && earlier.FirstEpoch <= later.LastEpoch && later.FirstEpoch <= earlier.LastEpoch)
        {
            return $"had it in epochs {earlier.FirstEpoch} to {earlier.LastEpoch}, it in {later.FirstEpoch} to {later.LastEpoch}";
        }

        if (earlier.To <= later.From)
        {
            return null;
        }

        var lines = history.ByClient[earlier.Who];
        var commit = lines.FirstOrDefault(entry => entry.Op == Operation.CommitOffsets && entry.Result == Outcome.Ok
            && entry.From > later.From && entry.From < earlier.To && entry.Offsets.ContainsKey(earlier.Partition));
        if (commit is not null)
        {
            return $"committed offsets of it at {commit.From}";
        }

        // In the cooperative protocol it is a member that decides who gets what, and one that missed a generation may have to give up late.
        var client = history.Clients[earlier.Who];
        return earlier.How == Operation.Revoked && client.Protocol != "cooperative" && IsLive(client, lines, earlier, later)
            ? $"was asked to give it up at {earlier.To}"
            : null;
    }

    /// <summary>
    /// Whether a member polled so often, from long enough before <paramref name="later"/> began until it gave the partition up, that the
    /// coordinator cannot have thrown it out: never was there half as long a pause as its session or its poll interval may last.
    /// </summary>
    private static bool IsLive(Entry client, IReadOnlyList<Entry> lines, Holding earlier, Holding later)
    {
        var at = Math.Max(client.From, later.From - (1000L * (client.SessionMs + client.PollIntervalMs)));
        var since = at;
        var alive = lines.Where(line => line.Op == Operation.Poll).SelectMany<Entry, long>(poll => [poll.From, poll.To])
            .Where(point => point > since && point < earlier.To).Order().Append(earlier.To);
        foreach (var point in alive)
        {
            if (point - at > client.PauseUs)
            {
                return false;
            }

            at = point;
        }

        return true;
    }
}
