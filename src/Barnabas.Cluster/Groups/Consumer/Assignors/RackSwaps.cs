namespace Barnabas.Cluster.Groups.Consumer.Assignors;

/// <summary>
/// Has members exchange partitions that are new to both, where that brings partitions to readers in a rack with a replica. Loads and
/// movements stay as they are. Owned by one assignment.
/// </summary>
internal sealed class RackSwaps(Balance.Member[] members, Func<Balance.Member, Balance.Topic, int, bool> matches)
{
    // Looking for a partner costs the square of what is looked at.
    private const int NewPartitionsMax = 2_000;

    private readonly List<NewPartition> _all = [];

    /// <summary>Exchanges as long as it helps, and there are not too many to look at.</summary>
    public void Improve()
    {
        if (!Array.Exists(members, member => member.Given.RackId is not null))
        {
            return;
        }

        foreach (var member in members)
        {
            foreach (var (topic, held) in member.Held.OrderBy(each => each.Key.Index))
            {
                _all.AddRange(held.New.Select(partition => new NewPartition(member, topic, partition)));
            }
        }

        if (_all.Count > NewPartitionsMax)
        {
            return;
        }

        for (var swapped = true; swapped;)
        {
            swapped = false;
            foreach (var one in _all)
            {
                swapped |= !matches(one.Owner, one.Topic, one.Partition) && _all.Exists(other => TrySwap(one, other));
            }
        }
    }

    private bool TrySwap(NewPartition one, NewPartition other)
    {
        if (one.Owner == other.Owner || !other.Owner.Topics.Contains(one.Topic) || !one.Owner.Topics.Contains(other.Topic))
        {
            return false;
        }

        var before = Count(one.Owner, one) + Count(other.Owner, other);
        var after = Count(other.Owner, one) + Count(one.Owner, other);
        if (after <= before)
        {
            return false;
        }

        one.Owner.Held[one.Topic].New.Remove(one.Partition);
        other.Owner.Held[other.Topic].New.Remove(other.Partition);
        (one.Owner, other.Owner) = (other.Owner, one.Owner);
        one.Owner.Load--;
        other.Owner.Load--;
        one.Owner.Add(one.Topic, one.Partition, isNew: true);
        other.Owner.Add(other.Topic, other.Partition, isNew: true);
        return true;
    }

    private int Count(Balance.Member member, NewPartition partition) => matches(member, partition.Topic, partition.Partition) ? 1 : 0;

    private sealed class NewPartition(Balance.Member owner, Balance.Topic topic, int partition)
    {
        public Balance.Member Owner { get; set; } = owner;

        public Balance.Topic Topic { get; } = topic;

        public int Partition { get; } = partition;
    }
}
