namespace Barnabas.Histories.Model;

/// <summary>Finds in the lines of one member what it had and when. Owned by the one call that uses it.</summary>
internal sealed class HoldingFinder(Entry client)
{
    private readonly Dictionary<string, Holding> _open = [];
    private readonly List<Holding> _done = [];
    private readonly HashSet<string> _confirmed = [];
    private long _closing = long.MaxValue;
    private long _polled = client.To;

    /// <summary>All holdings of a member.</summary>
    /// <param name="client">The line that introduces it.</param>
    /// <param name="entries">Its lines in the order of their results.</param>
    public static List<Holding> Of(Entry client, IEnumerable<Entry> entries)
    {
        var holdings = new HoldingFinder(client);
        foreach (var entry in entries)
        {
            holdings.Take(entry);
        }

        holdings._done.AddRange(holdings._open.Values.Select(held => held with { To = holdings._closing }));
        return holdings._done;
    }

    /// <summary>
    /// After a poll a member says what it has. Kafka's client may still call back with what an earlier membership was to get, and never say
    /// that it is gone: that was no holding.
    /// </summary>
    private void Confirm(Holding held, Entry poll)
    {
        if (poll.Partitions.Contains(held.Partition))
        {
            var epoch = poll.Epoch > Entry.NoEpoch ? poll.Epoch : held.LastEpoch;
            var first = held.FirstEpoch > Entry.NoEpoch ? held.FirstEpoch : epoch;
            _open[held.Partition] = held with { FirstEpoch = first, LastEpoch = epoch };
            _confirmed.Add(held.Partition);
        }
        else if (_open.Remove(held.Partition) && _confirmed.Contains(held.Partition))
        {
            _done.Add(held with { To = poll.From });
        }
    }

    /// <summary>
    /// Kafka's client of the consumer protocol goes on in the background while nobody polls: it may be given partitions, be thrown out and
    /// join again before the poll that calls back. The call is then of a membership that is over, in the epoch of the new one, and the
    /// client uses what it names until it speaks to the coordinator again.
    /// </summary>
    private bool IsOfAnEarlierMembership(Entry assigned) =>
        client.Protocol == "consumer" && assigned.From - _polled > client.PauseUs;

    private void Take(Entry entry)
    {
        switch (entry.Op)
        {
            case Operation.Assigned:
                foreach (var partition in IsOfAnEarlierMembership(entry) ? [] : entry.Partitions)
                {
                    _confirmed.Remove(partition);
                    _open[partition] = new Holding(
                        client.Who, client.Group, partition, entry.From, long.MaxValue, null, Entry.NoEpoch, Entry.NoEpoch);
                }

                break;

            case Operation.Poll:
                _polled = entry.To;
                foreach (var held in _open.Values.ToList())
                {
                    Confirm(held, entry);
                }

                break;

            case Operation.Closing:
                _closing = entry.From;
                break;

            case Operation.Revoked or Operation.Lost:
                foreach (var partition in entry.Partitions)
                {
                    if (_open.Remove(partition, out var held))
                    {
                        _done.Add(held with { To = Math.Min(entry.From, _closing), How = entry.Op });
                    }
                }

                break;
        }
    }
}
