using Barnabas.Histories.Model;

namespace Barnabas.Histories.Checks;

/// <summary>
/// Committed offsets and the ends of partitions never fall, and a member begins where its group had come to. Whoever reads one after
/// somebody was told of it gets that or a later one.
/// </summary>
public static class OffsetRegressions
{
    /// <summary>Offsets that fell.</summary>
    public static IEnumerable<Anomaly> Find(History history)
    {
        var committed = CommittedOffsets(history).ToLookup(told => told.What);
        return committed.SelectMany(Falls).Concat(LogEnds(history).ToLookup(told => told.What).SelectMany(Falls))
            .Concat(Starts(history, committed));
    }

    /// <summary>All that anybody was told for sure of one offset that must not fall.</summary>
    /// <param name="What">Which offset it is.</param>
    /// <param name="Offset">Its value.</param>
    /// <param name="From">When it was asked for.</param>
    /// <param name="To">When it was told.</param>
    private sealed record Told(string What, long Offset, long From, long To);

    private static IEnumerable<Told> CommittedOffsets(History history)
    {
        var alone =
            from entry in history.Entries
            where entry.Op is Operation.CommitOffsets or Operation.Committed && entry.Result == Outcome.Ok
            from at in entry.Offsets
            select new Told(Name(entry.Group, at.Key), at.Value, entry.From, entry.To);
        var transactional =
            from transaction in history.Transactions.Values
            where transaction.Fate == Fate.Committed
            from entry in transaction.Offsets
            from at in entry.Offsets
            select new Told(Name(entry.Group, at.Key), at.Value, entry.From, transaction.Commit!.To);
        return alone.Concat(transactional);
    }

    private static IEnumerable<Told> LogEnds(History history)
    {
        var asked =
            from entry in history.Of(Operation.Ends)
            from at in entry.Offsets
            select new Told($"the {(entry.Committed ? "stable " : "")}end of {at.Key}", at.Value, entry.From, entry.To);
        var written =
            from send in history.Sends.Values
            where send.Result == Outcome.Ok
            select new Told($"the end of {send.Partition}", send.Offset + 1, send.From, send.To);

        // An acknowledgement says that the end is not below it; it says nothing of what lies behind.
        return asked.Concat(written.Select(told => told with { From = long.MinValue }));
    }

    private static IEnumerable<Anomaly> Falls(IEnumerable<Told> told)
    {
        var known = new Queue<Told>(told.OrderBy(each => each.To));
        Told? highest = null;
        foreach (var each in told.OrderBy(each => each.From))
        {
            while (known.TryPeek(out var next) && next.To < each.From)
            {
                highest = highest is null || next.Offset > highest.Offset ? next : highest;
                known.Dequeue();
            }

            if (highest is not null && each.Offset < highest.Offset)
            {
                yield return new Anomaly(nameof(OffsetRegressions),
                    $"{each.What} was {each.Offset} from {each.From} to {each.To}, and {highest.Offset} before, at {highest.To}");
            }
        }
    }

    private static IEnumerable<Anomaly> Starts(History history, ILookup<string, Told> committed)
    {
        foreach (var (who, first, assigned) in Deliveries.Firsts(history))
        {
            var name = Name(history.Clients[who].Group, first.Partition);
            var known = committed[name].Where(told => told.To < assigned).MaxBy(told => told.Offset);
            if (known is not null && first.Offset < known.Offset)
            {
                yield return new Anomaly(nameof(OffsetRegressions),
                    $"{who} was assigned {first.Partition} at {assigned} and began at {first.Offset}; "
                    + $"{name} was {known.Offset} at {known.To}");
            }
        }
    }

    private static string Name(string group, string partition) => $"what {group} committed of {partition}";
}
