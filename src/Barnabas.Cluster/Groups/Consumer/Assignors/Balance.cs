using System.Collections.Immutable;
using Barnabas.Base;

namespace Barnabas.Cluster.Groups.Consumer.Assignors;

/// <summary>
/// A uniform assignment in the making. Members keep what they have, what is left goes to those that have least, and these take from those
/// that have most; then partitions go along paths from members that have more to members that have less by two or more, until there is no
/// such path: loads cannot be more equal than that. What could have been taken more cheaply is exchanged afterwards. Owned by one call.
/// </summary>
internal sealed class Balance
{
    private readonly AssignmentInput _input;
    private readonly List<Topic> _topics = [];
    private readonly Member[] _members;

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

    /// <summary>What nobody has goes to those that have least; of several, to one in a rack with a replica.</summary>
    public void ShareOut()
    {
        // Topics that few can read first: the others can make up for it.
        foreach (var topic in _topics.OrderBy(topic => topic.Members.Count).ThenBy(topic => topic.Id))
        {
            var least = topic.Members.GroupBy(member => member.Given.RackId)
                .Select(rack => new PriorityQueue<Member, (int Load, int Index)>(rack.Select(m => (m, (m.Load, m.Index))))).ToList();
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
        new BalanceDraws(_members, _topics).Level();
        new BalancePaths(_members, _topics).Level();
    }

    /// <summary>Exchanges partitions where loads stay as equal, so that fewer move, and then so that more are near their readers.</summary>
    public void Cheapen() => new BalanceCycles(_members, _topics, Matches).Improve();

    /// <summary>What each member has now, sorted.</summary>
    public ImmutableArray<TopicIdPartition>[] Result() => Array.ConvertAll(_members, member =>
    {
        var list = ImmutableArray.CreateBuilder<TopicIdPartition>(member.Load);
        foreach (var (topic, held) in member.Held)
        {
            list.AddRange(held.Kept.Concat(held.New).Select(partition => new TopicIdPartition(topic.Id, partition)));
        }

        list.Sort();
        return list.ToImmutable();
    });

    /// <summary>Hands one partition of a topic on: one that is new to its member before one that it had.</summary>
    internal static void Move(Member from, Topic topic, Member to)
    {
        var held = from.Held[topic];
        Move(from, topic, held.New.Count > 0 ? held.New[^1] : held.Kept[^1], to);
    }

    /// <summary>Hands a partition on.</summary>
    internal static void Move(Member from, Topic topic, int partition, Member to)
    {
        from.Take(topic, partition);
        topic.Owners[partition] = to;
        to.Add(topic, partition, isNew: topic.Before[partition] != to);
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
            topic.Owners[partition] = null;
        }

        member.Load -= count;
    }

    private void Give(Topic topic, int partition, List<PriorityQueue<Member, (int Load, int Index)>> racks)
    {
        var least = racks.MinBy(rack =>
        {
            var first = rack.Peek();
            return (first.Load, Matches(first, topic, partition) ? 0 : 1, first.Index);
        })!;
        var member = least.Dequeue();
        topic.Owners[partition] = member;
        member.Add(topic, partition, isNew: topic.Before[partition] != member);
        least.Enqueue(member, (member.Load, member.Index));
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

        public bool Has(Topic topic) => Held.TryGetValue(topic, out var held) && held.Kept.Count + held.New.Count > 0;

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
