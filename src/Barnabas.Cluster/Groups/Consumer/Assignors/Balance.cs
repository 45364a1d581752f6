using System.Collections.Immutable;
using Barnabas.Base;

namespace Barnabas.Cluster.Groups.Consumer.Assignors;

/// <summary>
/// A uniform assignment in the making. Members keep what they have, what is left goes to those that have least, and then partitions go
/// along paths from members that have more to members that have less by two or more, until there is no such path: loads cannot be more
/// equal than that. A path takes partitions that are new to their member before those that it had. Owned by one call.
/// </summary>
internal sealed class Balance
{
    private readonly AssignmentInput _input;
    private readonly List<Topic> _topics = [];
    private readonly Member[] _members;
    private readonly BalancePath _path;

    public Balance(AssignmentInput input)
    {
        _input = input;
        _members = [.. input.Members.Select((member, i) => new Member(i, member))];
        var byId = new Dictionary<Uuid, Topic>();
        foreach (var member in _members)
        {
            foreach (var id in member.Given.Topics)
            {
                if (!byId.TryGetValue(id, out var topic))
                {
                    byId[id] = topic = new Topic(_topics.Count, id, input.PartitionCount(id));
                    _topics.Add(topic);
                }

                topic.Members.Add(member);
                member.Topics.Add(topic);
            }
        }

        _path = new BalancePath(_members, _topics);
    }

    /// <summary>Members keep what they have of the topics that they still subscribe to.</summary>
    public void Keep()
    {
        foreach (var member in _members)
        {
            foreach (var topic in member.Topics)
            {
                var first = member.Given.Current.BinarySearch(new TopicIdPartition(topic.Id, 0));
                var had = member.Given.Current;
                for (var i = first < 0 ? ~first : first; i < had.Length && had[i].TopicId == topic.Id; i++)
                {
                    var partition = had[i].Partition;
                    if (partition >= 0 && partition < topic.Owners.Length && topic.Owners[partition] is null)
                    {
                        topic.Owners[partition] = topic.Before[partition] = member;
                        member.Add(topic, partition, isNew: false);
                    }
                }
            }
        }
    }

    /// <summary>
    /// Where all read the same topics it is known what each will have: whoever keeps more gives the rest up here, all at once, so that it
    /// goes straight to those that have too little. The one partition more that some may have stays with members that have it.
    /// </summary>
    public void Trim()
    {
        if (_members.Length == 0 || !Array.TrueForAll(_members, m => m.Given.Topics.SequenceEqual(_members[0].Given.Topics)))
        {
            return;
        }

        var (share, more) = Math.DivRem(_topics.Sum(topic => topic.Owners.Length), _members.Length);
        foreach (var member in _members)
        {
            var limit = share;
            if (member.Load > share && more > 0)
            {
                (limit, more) = (share + 1, more - 1);
            }

            GiveUp(member, member.Load - limit);
        }
    }

    /// <summary>What nobody has goes to those that have least; of several, to one in a rack with a replica.</summary>
    public void ShareOut()
    {
        // Topics that few can read first: the others can make up for it.
        foreach (var topic in _topics.OrderBy(topic => topic.Members.Count).ThenBy(topic => topic.Id))
        {
            var least = new PriorityQueue<Member, (int Load, int Index)>(topic.Members.Select(m => (m, (m.Load, m.Index))));
            for (var partition = 0; partition < topic.Owners.Length; partition++)
            {
                if (topic.Owners[partition] is null)
                {
                    Give(topic, partition, least);
                }
            }
        }
    }

    /// <summary>Moves partitions as long as that makes the loads more equal.</summary>
    public void Level()
    {
        var order = _members.ToList();
        for (var moved = true; moved;)
        {
            moved = false;
            order.Sort((a, b) => a.Load != b.Load ? b.Load.CompareTo(a.Load) : a.Index.CompareTo(b.Index));
            foreach (var member in order)
            {
                var lowest = _members.Min(other => other.Load);
                while (member.Load - lowest >= 2 && _path.Find(member, end => member.Load - end.Load >= 2, newOnly: false))
                {
                    Walk();
                    moved = true;
                    if (lowest < member.Load)
                    {
                        lowest = _members.Min(other => other.Load);
                    }
                }
            }
        }
    }

    /// <summary>Gives partitions back to members that had them, where the loads stay as they are.</summary>
    public void GiveBack()
    {
        for (var gained = true; gained;)
        {
            gained = false;
            foreach (var topic in _topics)
            {
                for (var partition = 0; partition < topic.Owners.Length; partition++)
                {
                    gained |= topic.Before[partition] is { } before && before != topic.Owners[partition]
                        && TryGiveBack(topic, partition, before);
                }
            }
        }
    }

    /// <summary>What each member has now, sorted.</summary>
    public ImmutableArray<TopicIdPartition>[] Result()
    {
        new RackSwaps(_members, Matches).Improve();
        return Array.ConvertAll(_members, member =>
        {
            var list = ImmutableArray.CreateBuilder<TopicIdPartition>(member.Load);
            foreach (var (topic, held) in member.Held)
            {
                list.AddRange(held.Kept.Concat(held.New).Select(partition => new TopicIdPartition(topic.Id, partition)));
            }

            list.Sort();
            return list.ToImmutable();
        });
    }

    // What is not near its reader goes first, then what comes last.
    private void GiveUp(Member member, int count)
    {
        if (count <= 0)
        {
            return;
        }

        var given = member.Held.SelectMany(each => each.Value.Kept.Select(partition => (Topic: each.Key, Partition: partition)))
            .OrderBy(at => Matches(member, at.Topic, at.Partition)).ThenByDescending(at => at.Topic.Index)
            .ThenByDescending(at => at.Partition).Take(count).ToHashSet();
        foreach (var (topic, held) in member.Held)
        {
            held.Kept.RemoveAll(partition => given.Contains((topic, partition)));
        }

        foreach (var (topic, partition) in given)
        {
            topic.Owners[partition] = topic.Before[partition] = null;
        }

        member.Load -= count;
    }

    private static void Give(Topic topic, int partition, PriorityQueue<Member, (int Load, int Index)> least)
    {
        var member = least.Dequeue();
        topic.Owners[partition] = member;
        member.Add(topic, partition, isNew: true);
        least.Enqueue(member, (member.Load, member.Index));
    }

    // Whoever gets one back hands on another that was new to it, until it comes to one that then has what the owner had.
    private bool TryGiveBack(Topic topic, int partition, Member before)
    {
        var owner = topic.Owners[partition]!;
        var load = owner.Load;
        owner.Take(topic, partition);
        topic.Owners[partition] = before;
        before.Add(topic, partition, isNew: false);
        if (before.Load == load)
        {
            return true;
        }

        if (_path.Find(before, end => end != before && end.Load == load - 1, newOnly: true))
        {
            Walk();
            return true;
        }

        before.Take(topic, partition);
        topic.Owners[partition] = owner;
        owner.Add(topic, partition, isNew: true);
        return false;
    }

    private void Walk()
    {
        foreach (var (from, topic, to) in _path.Steps)
        {
            Move(from, topic, to);
        }
    }

    private void Move(Member from, Topic topic, Member to)
    {
        var held = from.Held[topic];
        var source = held.New.Count > 0 ? held.New : held.Kept;
        var at = source.Count - 1;
        if (source == held.Kept)
        {
            // What is not near its reader goes first.
            var far = source.FindLastIndex(partition => !Matches(from, topic, partition));
            at = far >= 0 ? far : at;
        }

        var moved = source[at];
        from.Take(topic, moved);
        topic.Owners[moved] = to;
        to.Add(topic, moved, isNew: topic.Before[moved] != to);
    }

    private bool Matches(Member member, Topic topic, int partition) =>
        member.Given.RackId is { } rack && _input.HasReplicaIn(new TopicIdPartition(topic.Id, partition), rack);

    /// <summary>A topic and who has its partitions now.</summary>
    internal sealed class Topic(int index, Uuid id, int partitions)
    {
        public int Index { get; } = index;

        public Uuid Id { get; } = id;

        public Member?[] Owners { get; } = new Member?[partitions];

        /// <summary>Who had each partition, of those that may have it still.</summary>
        public Member?[] Before { get; } = new Member?[partitions];

        public List<Member> Members { get; } = [];
    }

    /// <summary>Partitions of a topic that a member has: those it had before, and those that are new to it.</summary>
    internal sealed class HeldPartitions
    {
        public List<int> Kept { get; } = [];

        public List<int> New { get; } = [];
    }

    /// <summary>A member and what it has now.</summary>
    internal sealed class Member(int index, AssignedMember given)
    {
        public int Index { get; } = index;

        public AssignedMember Given { get; } = given;

        public List<Topic> Topics { get; } = [];

        public Dictionary<Topic, HeldPartitions> Held { get; } = [];

        public int Load { get; set; }

        public void Add(Topic topic, int partition, bool isNew)
        {
            if (!Held.TryGetValue(topic, out var held))
            {
                Held[topic] = held = new HeldPartitions();
            }

            (isNew ? held.New : held.Kept).Add(partition);
            Load++;
        }

        public void Take(Topic topic, int partition)
        {
            var held = Held[topic];
            if (!held.New.Remove(partition))
            {
                held.Kept.Remove(partition);
            }

            Load--;
        }
    }
}
