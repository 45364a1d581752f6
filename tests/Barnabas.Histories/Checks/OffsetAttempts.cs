using Barnabas.Histories.Model;

namespace Barnabas.Histories.Checks;

/// <summary>Which offsets somebody asked to commit, and from when on each may have been committed. Immutable.</summary>
internal sealed class OffsetAttempts
{
    private readonly Dictionary<(string Group, string Partition), List<(long From, long Offset)>> _attempts = [];

    private OffsetAttempts()
    {
    }

    /// <summary>All attempts of a history; those within transactions count from when the commit was asked for.</summary>
    public static OffsetAttempts Of(History history)
    {
        var attempts = new OffsetAttempts();
        foreach (var commit in history.Of(Operation.CommitOffsets).Where(commit => commit.Result != Outcome.Failed))
        {
            attempts.Add(commit, commit.From);
        }

        foreach (var transaction in history.Transactions.Values.Where(transaction => transaction.Fate != Fate.Aborted))
        {
            foreach (var offsets in transaction.Offsets)
            {
                attempts.Add(offsets, transaction.Commit!.From);
            }
        }

        return attempts;
    }

    /// <summary>Whether a committed offset may have been seen at a time.</summary>
    public bool MayBeCommitted(string group, string partition, long offset, long at) =>
        _attempts.GetValueOrDefault((group, partition))?.Exists(each => each.Offset == offset && each.From < at) ?? false;

    /// <summary>The largest offset that may have been committed at a time; 0 where there is none.</summary>
    public long Highest(string group, string partition, long at) => _attempts.GetValueOrDefault((group, partition))
        ?.Where(each => each.From < at).Select(each => each.Offset).DefaultIfEmpty().Max() ?? 0;

    private void Add(Entry entry, long from)
    {
        foreach (var (partition, offset) in entry.Offsets)
        {
            var key = (entry.Group, partition);
            if (!_attempts.TryGetValue(key, out var all))
            {
                _attempts[key] = all = [];
            }

            all.Add((from, offset));
        }
    }
}
