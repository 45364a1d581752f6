namespace Barnabas.Cluster.Groups.Consumer.Assignors;

/// <summary>
/// Has partitions go from members that have many to members that have fewer by two or more, where each member on the way hands on one of
/// its own, until there is no such way. Takes the way that takes the fewest partitions from members that had them before. Owned by one
/// assignment.
/// </summary>
internal sealed class BalancePaths(Balance.Member[] members, List<Balance.Topic> topics)
{
    private readonly LinkedList<int> _next = [];
    private readonly int[] _cost = new int[members.Length];
    private readonly (Balance.Member From, Balance.Topic Topic)[] _cameFrom = new (Balance.Member, Balance.Topic)[members.Length];
    private readonly int[] _topicCost = new int[topics.Count];
    private readonly bool[] _isClosed = new bool[members.Length];

    /// <summary>Moves along all ways that there are.</summary>
    public void Level()
    {
        var most = new PriorityQueue<Balance.Member, int>(members.Select(member => (member, -member.Load)));
        while (most.TryDequeue(out var start, out var was))
        {
            // Whoever's load has changed since is in the queue again.
            if (_isClosed[start.Index] || was != -start.Load)
            {
                continue;
            }

            if (Find(start) is { } end)
            {
                Walk(start, end);
                most.Enqueue(start, -start.Load);
                most.Enqueue(end, -end.Load);
            }
            else
            {
                // Whoever comes later has as many or fewer, and finds no end among those that were seen either.
                CloseSeen();
            }
        }
    }

    private Balance.Member? Find(Balance.Member start)
    {
        Array.Fill(_cost, int.MaxValue);
        Array.Fill(_topicCost, int.MaxValue);
        _next.Clear();
        _next.AddFirst(start.Index);
        _cost[start.Index] = 0;
        while (_next.First is { } first)
        {
            _next.RemoveFirst();
            var member = members[first.Value];
            if (start.Load - member.Load >= 2)
            {
                return member;
            }

            Spread(member);
        }

        return null;
    }

    private void Spread(Balance.Member member)
    {
        foreach (var topic in member.Topics)
        {
            if (!member.Has(topic))
            {
                continue;
            }

            var step = member.Held[topic].New.Count > 0 ? 0 : 1;
            var cost = _cost[member.Index] + step;
            if (cost >= _topicCost[topic.Index])
            {
                continue;
            }

            _topicCost[topic.Index] = cost;
            foreach (var other in topic.Members)
            {
                if (cost < _cost[other.Index] && !_isClosed[other.Index])
                {
                    _cost[other.Index] = cost;
                    _cameFrom[other.Index] = (member, topic);
                    if (step == 0)
                    {
                        _next.AddFirst(other.Index);
                    }
                    else
                    {
                        _next.AddLast(other.Index);
                    }
                }
            }
        }
    }

    private void Walk(Balance.Member start, Balance.Member end)
    {
        for (var at = end; at != start;)
        {
            var (from, topic) = _cameFrom[at.Index];
            Balance.Move(from, topic, at);
            at = from;
        }
    }

    private void CloseSeen()
    {
        for (var i = 0; i < members.Length; i++)
        {
            _isClosed[i] |= _cost[i] < int.MaxValue;
        }
    }
}
