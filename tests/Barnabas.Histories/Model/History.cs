namespace Barnabas.Histories.Model;

/// <summary>Everything that clients did and were told, with indexes for the checks. Immutable.</summary>
public sealed class History
{
    /// <summary>The history that <paramref name="entries"/> tell, in any order.</summary>
    /// <exception cref="FormatException">They are not a whole history.</exception>
    public History(IReadOnlyList<Entry> entries)
    {
        Entries = [.. entries.OrderBy(entry => entry.To)];
        Clients = ByKey(Of(Operation.Client), entry => entry.Who, "client");
        Sends = ByKey(Of(Operation.Send), entry => entry.Value, "record");
        ByClient = Entries.Where(entry => entry.Op != Operation.Client).GroupBy(entry => entry.Who)
            .ToDictionary(group => group.Key, group => (IReadOnlyList<Entry>)[.. group]);
        foreach (var stranger in ByClient.Keys.Where(who => !Clients.ContainsKey(who)))
        {
            throw new FormatException($"nothing says what {stranger} is");
        }

        All = Logs(isCommitted: false);
        Decided = Logs(isCommitted: true);
        Transactions = FindTransactions();
        Holdings = [.. ByClient.SelectMany(lines => HoldingFinder.Of(Clients[lines.Key], lines.Value))];
    }

    /// <summary>All lines, in the order of their results.</summary>
    public IReadOnlyList<Entry> Entries { get; }

    /// <summary>The line that introduces each client.</summary>
    public IReadOnlyDictionary<string, Entry> Clients { get; }

    /// <summary>What each client did, in the order of the results.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Entry>> ByClient { get; }

    /// <summary>The sending of each record, by its value.</summary>
    public IReadOnlyDictionary<string, Entry> Sends { get; }

    /// <summary>Each partition as it is in the end.</summary>
    public IReadOnlyDictionary<string, FinalLog> All { get; }

    /// <summary>Each partition as readers of committed records find it in the end.</summary>
    public IReadOnlyDictionary<string, FinalLog> Decided { get; }

    /// <summary>Each transaction by its name.</summary>
    public IReadOnlyDictionary<string, Transaction> Transactions { get; }

    /// <summary>Who had which partition when.</summary>
    public IReadOnlyList<Holding> Holdings { get; }

    /// <summary>The lines of one kind, in the order of their results.</summary>
    public IEnumerable<Entry> Of(Operation operation) => Entries.Where(entry => entry.Op == operation);

    /// <summary>The end state of a partition, as <paramref name="client"/> would read it.</summary>
    public FinalLog LogFor(Entry client, string partition) => LogOf(client.Committed ? Decided : All, partition);

    /// <summary>The end state of a partition.</summary>
    /// <exception cref="FormatException">Nobody read it.</exception>
    public static FinalLog LogOf(IReadOnlyDictionary<string, FinalLog> logs, string partition) =>
        logs.GetValueOrDefault(partition) ?? throw new FormatException($"no final reading of {partition} in both isolation levels");

    /// <summary>Whether a record is in the end where its sender was told that it is.</summary>
    public static bool IsInTheEnd(IReadOnlyDictionary<string, FinalLog> logs, Entry send) =>
        LogOf(logs, send.Partition).At(send.Offset) == send.Value;

    private static Dictionary<string, Entry> ByKey(IEnumerable<Entry> entries, Func<Entry, string> key, string what)
    {
        var found = new Dictionary<string, Entry>();
        foreach (var entry in entries)
        {
            if (!found.TryAdd(key(entry), entry))
            {
                throw new FormatException($"{what} {key(entry)} is there twice");
            }
        }

        return found;
    }

    private Dictionary<string, FinalLog> Logs(bool isCommitted) => Of(Operation.Final).Where(entry => entry.Committed == isCommitted)
        .ToDictionary(entry => entry.Partition, entry => new FinalLog(entry));

    private Dictionary<string, Transaction> FindTransactions()
    {
        var takeovers = Of(Operation.Init).Where(entry => entry.Result == Outcome.Ok)
            .ToLookup(entry => Clients[entry.Who].TransactionalId);
        var parts = Entries.Where(entry => entry.Txn.Length > 0).GroupBy(entry => entry.Txn);
        return parts.ToDictionary(part => part.Key, part =>
        {
            var commit = part.FirstOrDefault(entry => entry.Op == Operation.Commit);
            return new Transaction(part.Key, [.. part.Where(entry => entry.Op == Operation.Send)],
                [.. part.Where(entry => entry.Op == Operation.Offsets)], commit, FateOf(commit, takeovers));
        });
    }

    private Fate FateOf(Entry? commit, ILookup<string, Entry> takeovers)
    {
        if (commit is null || commit.Result == Outcome.Failed)
        {
            return Fate.Aborted;
        }

        if (commit.Result == Outcome.Ok)
        {
            return Fate.Committed;
        }

        // Whoever takes over a transactional id ends what is open under it, and is answered after that.
        var id = Clients[commit.Who].TransactionalId;
        return takeovers[id].Any(init => init.Who != commit.Who && init.To < commit.From && IsLater(init, commit.Who))
            ? Fate.Aborted
            : Fate.Open;
    }

    private bool IsLater(Entry init, string who) => init.From > Clients[who].From;
}
