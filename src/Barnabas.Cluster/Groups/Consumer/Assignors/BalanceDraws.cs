namespace Barnabas.Cluster.Groups.Consumer.Assignors;

/// <summary>
/// Whoever has least draws partitions from whoever has most of what it reads, until that would not make the two more equal. Nearly all
/// that has to move moves so, once. Owned by one assignment.
/// </summary>
internal sealed class BalanceDraws
{
    private readonly PriorityQueue<Balance.Member, (int Load, int Index)> _least;
    private readonly PriorityQueue<Balance.Member, (int Load, int Index)>[] _most;

    public BalanceDraws(Balance.Member[] members, List<Balance.Topic> topics)
    {
        _least = new(members.Select(member => (member, (member.Load, member.Index))));
        _most = [.. topics.Select(topic => new PriorityQueue<Balance.Member, (int Load, int Index)>(
            topic.Members.Where(member => member.Has(topic)).Select(member => (member, (-member.Load, member.Index)))))];
    }

    /// <summary>Draws until nobody can.</summary>
    public void Level()
    {
        while (_least.TryDequeue(out var member, out var was))
        {
            // Somebody has drawn from it meanwhile, or it draws, or it is done.
            if (was.Load == member.Load && !TryDraw(member))
            {
                continue;
            }

            _least.Enqueue(member, (member.Load, member.Index));
        }
    }

    private bool TryDraw(Balance.Member member)
    {
        (Balance.Member From, Balance.Topic Topic)? most = null;
        foreach (var topic in member.Topics)
        {
            if (Richest(topic) is { } owner && owner.Load >= member.Load + 2 && (most is not { } best || owner.Load > best.From.Load))
            {
                most = (owner, topic);
            }
        }

        if (most is not var (from, of))
        {
            return false;
        }

        Balance.Move(from, of, member);
        _most[of.Index].Enqueue(member, (-member.Load, member.Index));
        return true;
    }

    /// <summary>Of the owners of a topic's partitions the one that has most; loads that have changed are put right on the way.</summary>
    private Balance.Member? Richest(Balance.Topic topic)
    {
        var queue = _most[topic.Index];
        while (queue.TryPeek(out var member, out var was))
        {
            if (member.Has(topic) && was.Load == -member.Load)
            {
                return member;
            }

            queue.Dequeue();
            if (member.Has(topic))
            {
                queue.Enqueue(member, (-member.Load, member.Index));
            }
        }

        return null;
    }
}
