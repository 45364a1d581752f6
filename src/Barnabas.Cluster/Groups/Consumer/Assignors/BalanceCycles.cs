namespace Barnabas.Cluster.Groups.Consumer.Assignors;

/// <summary>
/// Makes an assignment cheaper whose loads are as equal as can be: fewer partitions that are new to their member first, then more with a
/// replica in their reader's rack. Looks for members of which each hands one partition to the next, the last one to the first or to none
/// where the loads stay the same but for who has which, so that it costs less afterwards; when there are none left nothing cheaper exists.
/// Owned by one assignment.
/// </summary>
internal sealed class BalanceCycles
{
    /// <summary>
    /// Looks at ways from one to another, at most, which is a fraction of a second. A group of a thousand members may come to it where
    /// there are racks to match; it is then left as cheap as it is.
    /// </summary>
    private const int LooksMax = 5_000_000;

    /// <summary>What a partition costs that is new to its member; one without a replica in its reader's rack costs 1.</summary>
    private const long NewCost = 1L << 32;

    private const int Nobody = -1;

    private readonly Balance.Member[] _members;
    private readonly List<Balance.Topic> _topics;
    private readonly Func<Balance.Member, Balance.Topic, int, bool> _matches;
    private readonly int[] _rackOf;
    private readonly Balance.Member[] _readerOf;
    private readonly Balance.Member[][] _receivers;
    private readonly List<Offer>[] _offers;
    private readonly bool[] _isStale;

    // Nodes: the members, then for each topic and rack whoever reads the topic there, then for each load whoever may get one more.
    private readonly int _firstLoad;
    private readonly long[] _cost;
    private readonly int[] _cameFrom;
    private readonly Offer?[] _through;
    private int _looks;

    public BalanceCycles(
        Balance.Member[] members, List<Balance.Topic> topics, Func<Balance.Member, Balance.Topic, int, bool> matches)
    {
        (_members, _topics, _matches) = (members, topics, matches);
        var racks = members.Select(member => member.Given.RackId).Distinct().ToList();
        _rackOf = Array.ConvertAll(members, member => racks.IndexOf(member.Given.RackId));
        _readerOf = [.. racks.Select(rack => Array.Find(members, member => member.Given.RackId == rack)!)];
        _receivers = [.. topics.SelectMany(topic => racks.Select(
            (_, rack) => topic.Members.Where(member => _rackOf[member.Index] == rack).ToArray()))];
        _offers = [.. members.Select(_ => new List<Offer>())];
        _isStale = new bool[members.Length];
        Array.Fill(_isStale, true);
        _firstLoad = members.Length + _receivers.Length;
        var nodes = _firstLoad + members.Select(member => member.Load).DefaultIfEmpty().Max() + 1;
        (_cost, _cameFrom, _through) = (new long[nodes], new int[nodes], new Offer?[nodes]);
    }

    /// <summary>Exchanges as long as that makes the assignment cheaper, and not too much has been looked at.</summary>
    public void Improve()
    {
        while (_looks < LooksMax && FindCycles() is { Count: > 0 } cycles)
        {
            foreach (var (offer, to) in cycles)
            {
                Balance.Move(offer.From, offer.Topic, offer.Partition, to);
                _isStale[offer.From.Index] = _isStale[to.Index] = true;
            }
        }
    }

    // The way of Bellman and Ford, from everywhere at once: whoever came from himself was on a cycle that costs less than nothing.
    private List<(Offer Offer, Balance.Member To)> FindCycles()
    {
        for (var i = 0; i < _members.Length; i++)
        {
            if (_isStale[i])
            {
                _isStale[i] = false;
                Renew(_members[i]);
            }
        }

        Array.Clear(_cost);
        Array.Fill(_cameFrom, Nobody);
        while (_looks < LooksMax && Spread())
        {
            if (Trace() is { Count: > 0 } cycles)
            {
                return cycles;
            }
        }

        return [];
    }

    /// <summary>The cheapest partition that a member can hand on of each topic, to each rack and to those that had one before.</summary>
    private void Renew(Balance.Member member)
    {
        var offers = _offers[member.Index];
        offers.Clear();
        foreach (var (topic, held) in member.Held)
        {
            for (var rack = 0; rack < _readerOf.Length; rack++)
            {
                if (_receivers[(topic.Index * _readerOf.Length) + rack].Length > 0)
                {
                    var to = _members.Length + (topic.Index * _readerOf.Length) + rack;
                    if (Cheapest(member, topic, held, to, _readerOf[rack]) is { } offer)
                    {
                        offers.Add(offer);
                    }
                }
            }

            foreach (var partition in held.New)
            {
                if (topic.Before[partition] is { } before)
                {
                    offers.Add(new Offer(member, topic, partition, before.Index, Cost(member, before, topic, partition) - NewCost));
                }
            }
        }
    }

    private Offer? Cheapest(Balance.Member from, Balance.Topic topic, Balance.HeldPartitions held, int to, Balance.Member reader)
    {
        Offer? cheapest = null;
        void Look(List<int> partitions, long cost)
        {
            foreach (var partition in partitions)
            {
                var whole = cost + Cost(from, reader, topic, partition);
                if (cheapest is null || whole < cheapest.Cost)
                {
                    cheapest = new Offer(from, topic, partition, to, whole);
                }
            }
        }

        Look(held.New, 0);
        Look(held.Kept, NewCost);
        return cheapest;
    }

    private long Cost(Balance.Member from, Balance.Member to, Balance.Topic topic, int partition) =>
        (_matches(from, topic, partition) ? 1 : 0) - (_matches(to, topic, partition) ? 1 : 0);

    private bool Spread()
    {
        var isCheaper = false;
        for (var i = 0; i < _members.Length; i++)
        {
            foreach (var offer in _offers[i])
            {
                isCheaper |= Look(i, offer.To, offer.Cost, offer);
            }

            isCheaper |= Look(i, _firstLoad + _members[i].Load, 0, null);
        }

        for (var i = 0; i < _receivers.Length; i++)
        {
            foreach (var to in _receivers[i])
            {
                isCheaper |= Look(_members.Length + i, to.Index, 0, null);
            }
        }

        // Whoever has one more than the one that the cycle ends with begins it: the two loads change places.
        foreach (var member in _members)
        {
            isCheaper |= member.Load > 0 && Look(_firstLoad + member.Load - 1, member.Index, 0, null);
        }

        return isCheaper;
    }

    private bool Look(int from, int to, long cost, Offer? offer)
    {
        _looks++;
        if (_cost[from] + cost >= _cost[to])
        {
            return false;
        }

        (_cost[to], _cameFrom[to], _through[to]) = (_cost[from] + cost, from, offer);
        return true;
    }

    /// <summary>What moves on all cycles that there are; no member is on two.</summary>
    private List<(Offer Offer, Balance.Member To)> Trace()
    {
        var moves = new List<(Offer, Balance.Member)>();
        var seenBy = new int[_cameFrom.Length];
        for (var start = 0; start < _members.Length; start++)
        {
            var at = start;
            while (at != Nobody && seenBy[at] == 0)
            {
                seenBy[at] = start + 1;
                at = _cameFrom[at];
            }

            if (at != Nobody && seenBy[at] == start + 1)
            {
                Collect(at, moves);
            }
        }

        return moves;
    }

    private void Collect(int first, List<(Offer Offer, Balance.Member To)> moves)
    {
        var at = first;
        do
        {
            var from = _cameFrom[at];
            if (at < _members.Length && from < _firstLoad)
            {
                // Through those who read a topic in a rack, or straight from the one that offers.
                moves.Add((from < _members.Length ? _through[at]! : _through[from]!, _members[at]));
            }

            at = from;
        }
        while (at != first);
    }

    /// <summary>A partition that a member can hand on. Immutable.</summary>
    private sealed record Offer(Balance.Member From, Balance.Topic Topic, int Partition, int To, long Cost);
}
