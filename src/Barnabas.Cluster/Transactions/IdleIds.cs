namespace Barnabas.Cluster.Transactions;

/// <summary>
/// The transactional ids that have no transaction, in order of their last use, so that what is expired is found without a look at the
/// others. Owned by the loop of its coordinator.
/// </summary>
internal sealed class IdleIds
{
    private readonly SortedSet<(long LastUpdateMs, string Id)> _ids = new(Comparer<(long LastUpdateMs, string Id)>.Create((a, b) =>
        a.LastUpdateMs.CompareTo(b.LastUpdateMs) is var byTime and not 0 ? byTime : string.CompareOrdinal(a.Id, b.Id)));

    public void Add(Transaction transaction) => _ids.Add((transaction.Value.LastUpdateMs, transaction.Id));

    public void Remove(Transaction transaction) => _ids.Remove((transaction.Value.LastUpdateMs, transaction.Id));

    public void Clear() => _ids.Clear();

    /// <summary>The ids last used at a time or before, oldest first.</summary>
    public IEnumerable<string> Until(long lastUpdateMs) => _ids.TakeWhile(at => at.LastUpdateMs <= lastUpdateMs).Select(at => at.Id);
}
