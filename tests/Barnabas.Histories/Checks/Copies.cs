using Barnabas.Histories.Model;

namespace Barnabas.Histories.Checks;

/// <summary>
/// What one group of copiers (read, process, write in one transaction) had done in the end. Immutable.
/// </summary>
/// <param name="Group">The group under which their offsets stand.</param>
/// <param name="Committed">The last offset that it has committed, by partition.</param>
/// <param name="Passed">The records below these offsets: TOPIC-NUMBER@OFFSET.</param>
/// <param name="ByPlace">The copies that can be read, by the place of what they copy.</param>
internal sealed record Copies(
    string Group, IReadOnlyDictionary<string, long> Committed, IReadOnlyList<string> Passed,
    IReadOnlyDictionary<string, List<Seen>> ByPlace)
{
    /// <summary>All groups that copied.</summary>
    public static IEnumerable<Copies> Of(History history) => history.Transactions.Values
        .SelectMany(transaction => transaction.Offsets).Select(offsets => offsets.Group).Distinct()
        .Select(group => Of(history, group));

    private static Copies Of(History history, string name)
    {
        var last = history.Of(Operation.Committed).LastOrDefault(entry => entry.Group == name && entry.Result == Outcome.Ok)
            ?? throw new FormatException($"nobody read in the end what {name} had committed");
        var passed =
            from committed in last.Offsets
            from seen in History.LogOf(history.Decided, committed.Key).Records
            where seen.Offset < committed.Value
            select Place(committed.Key, seen.Offset);
        var copies =
            from log in history.Decided.Values
            from seen in log.Records
            let send = history.Sends.GetValueOrDefault(seen.Value)
            where send is { CopyOf.Length: > 0 } && IsOf(history, send, name)
            group seen by send.CopyOf;
        return new Copies(name, last.Offsets, [.. passed], copies.ToDictionary(copy => copy.Key, copy => copy.ToList()));
    }

    /// <summary>The copies whose source is at or behind the committed offset.</summary>
    public IEnumerable<string> Ahead() => ByPlace.Keys.Where(place =>
    {
        var at = place.LastIndexOf('@');
        return long.Parse(place[(at + 1)..]) >= Committed.GetValueOrDefault(place[..at]);
    });

    private static bool IsOf(History history, Entry send, string group) => history.Clients[send.Who].Group == group;

    private static string Place(string partition, long offset) => $"{partition}@{offset}";
}
