using System.Collections.Immutable;
using Barnabas.Base;

namespace Barnabas.Cluster.Groups.Consumer.Assignors;

/// <summary>
/// Cuts each topic into ranges, one for each of its members in their order, the first ones larger by one where it does not come out even.
/// So partitions of one number in topics of one size go to one member. Stateless.
/// </summary>
public sealed class RangeAssignor : ConsumerAssignor
{
    /// <summary>Its name.</summary>
    public const string TheName = "range";

    /// <summary>The only one.</summary>
    public static readonly RangeAssignor Instance = new();

    private RangeAssignor()
    {
    }

    /// <inheritdoc/>
    public override string Name => TheName;

    /// <inheritdoc/>
    public override ImmutableArray<TopicIdPartition>[] Assign(AssignmentInput input)
    {
        var topics = new SortedDictionary<Uuid, List<int>>();
        foreach (var member in Enumerable.Range(0, input.Members.Count).OrderBy(i => input.Members[i], MemberOrder.Instance))
        {
            foreach (var topic in input.Members[member].Topics)
            {
                if (!topics.TryGetValue(topic, out var members))
                {
                    topics[topic] = members = [];
                }

                members.Add(member);
            }
        }

        var builders = new ImmutableArray<TopicIdPartition>.Builder[input.Members.Count];
        for (var i = 0; i < builders.Length; i++)
        {
            builders[i] = ImmutableArray.CreateBuilder<TopicIdPartition>();
        }

        foreach (var (topic, members) in topics)
        {
            var (each, more) = Math.DivRem(input.PartitionCount(topic), members.Count);
            var next = 0;
            for (var i = 0; i < members.Count; i++)
            {
                for (var end = next + each + (i < more ? 1 : 0); next < end; next++)
                {
                    builders[members[i]].Add(new TopicIdPartition(topic, next));
                }
            }
        }

        return Array.ConvertAll(builders, builder => builder.ToImmutable());
    }

    /// <summary>Static members by their names, then the others by their ids.</summary>
    private sealed class MemberOrder : IComparer<AssignedMember>
    {
        public static readonly MemberOrder Instance = new();

        public int Compare(AssignedMember? x, AssignedMember? y) => (x!.InstanceId, y!.InstanceId) switch
        {
            (null, null) => string.CompareOrdinal(x.Id, y.Id),
            (null, _) => 1,
            (_, null) => -1,
            var (one, other) => string.CompareOrdinal(one, other),
        };
    }
}
