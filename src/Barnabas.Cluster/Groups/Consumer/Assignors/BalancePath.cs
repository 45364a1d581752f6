namespace Barnabas.Cluster.Groups.Consumer.Assignors;

/// <summary>
/// Finds a way for one partition from a member that has many to one that has few, where each member on the way hands on one of its own.
/// The way that takes the fewest partitions from members that had them before. Owned by one assignment.
/// </summary>
internal sealed class BalancePath(Balance.Member[] members, List<Balance.Topic> topics)
{
    private readonly Deque _next = new(members.Length * 2);
    private readonly int[] _cost = new int[members.Length];
    private readonly (Balance.Member From, Balance.Topic Topic)[] _cameFrom = new (Balance.Member, Balance.Topic)[members.Length];
    private readonly int[] _topicCost = new int[topics.Count];

    /// <summary>The way found last, from its end to its start.</summary>
    public List<(Balance.Member From, Balance.Topic Topic, Balance.Member To)> Steps { get; } = [];

    /// <summary>True when there is a way from the member to one where it may end.</summary>
    /// <param name="start">Who hands on first.</param>
    /// <param name="isEnd">Who may keep what it gets.</param>
    /// <param name="newOnly">True to leave alone what members had before.</param>
    public bool Find(Balance.Member start, Func<Balance.Member, bool> isEnd, bool newOnly)
    {
        Array.Fill(_cost, int.MaxValue);
        Array.Fill(_topicCost, int.MaxValue);
        _next.Clear();
        _cost[start.Index] = 0;
        _next.AddFirst(start.Index);
        while (_next.TryTakeFirst(out var index))
        {
            var member = members[index];
            if (isEnd(member))
            {
                Trace(start, member);
                return true;
            }

            Spread(member, newOnly);
        }

        return false;
    }

    private void Spread(Balance.Member member, bool newOnly)
    {
        foreach (var topic in member.Topics)
        {
            if (!member.Held.TryGetValue(topic, out var held) || held.New.Count + (newOnly ? 0 : held.Kept.Count) == 0)
            {
                continue;
            }

            var step = held.New.Count > 0 ? 0 : 1;
            var cost = _cost[member.Index] + step;
            if (cost >= _topicCost[topic.Index])
            {
                continue;
            }

            _topicCost[topic.Index] = cost;
            foreach (var other in topic.Members)
            {
                if (cost < _cost[other.Index])
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

    private void Trace(Balance.Member start, Balance.Member end)
    {
        Steps.Clear();
        for (var at = end; at != start;)
        {
            var (from, topic) = _cameFrom[at.Index];
            Steps.Add((from, topic, at));
            at = from;
        }
    }

    /// <summary>Numbers that come in at both ends and go out at the front.</summary>
    private sealed class Deque(int capacity)
    {
        private readonly LinkedList<int> _items = new(new List<int>(capacity));

        public void Clear() => _items.Clear();

        public void AddFirst(int item) => _items.AddFirst(item);

        public void AddLast(int item) => _items.AddLast(item);

        public bool TryTakeFirst(out int item)
        {
            item = _items.First?.Value ?? 0;
            if (_items.Count == 0)
            {
                return false;
            }

            _items.RemoveFirst();
            return true;
        }
    }
}
