using System.Collections.Immutable;
using Barnabas.Base;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Consumer.Assignors;
using Xunit;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>Members that all read the same: each has its share, and no more moves than has to.</summary>
public sealed class UniformAssignorTests
{
    [Fact]
    public void What_one_has_too_much_goes_to_those_who_have_nothing()
    {
        var assigned = Assign(topics: 10, partitions: 100, All(10, 100), [], [], [], [], [], [], [], [], []);
        Assert.All(assigned, part => Assert.Equal(100, part.Length));
        Assert.Equal(1000, assigned.SelectMany(part => part).Distinct().Count());
        Assert.Equal(100, assigned[0].Intersect(All(10, 100)).Count());
    }

    [Fact]
    public void The_partition_more_stays_with_whoever_has_it()
    {
        ImmutableArray<TopicIdPartition>[] before = [Some(0, 3), Some(3, 7), Some(7, 10)];
        Assert.Equal(before, Assign(topics: 1, partitions: 10, before));
        before = [Some(0, 3), Some(3, 6), Some(6, 10)];
        Assert.Equal(before, Assign(topics: 1, partitions: 10, before));
    }

    [Fact]
    public void A_thousand_members_that_join_one_by_one_end_with_equal_shares()
    {
        var current = new List<ImmutableArray<TopicIdPartition>> { All(10, 1000) };
        foreach (var count in new[] { 7, 300, 1000 })
        {
            current.AddRange(Enumerable.Repeat(ImmutableArray<TopicIdPartition>.Empty, count - current.Count));
            var assigned = Assign(topics: 10, partitions: 1000, [.. current]);
            var kept = current.Zip(assigned, (before, after) => before.Intersect(after).Count()).Sum();
            Assert.InRange(assigned.Max(part => part.Length) - assigned.Min(part => part.Length), 0, 1);
            Assert.Equal(current.Zip(assigned, (before, after) => Math.Min(before.Length, after.Length)).Sum(), kept);
            current = [.. assigned];
        }
    }

    private static ImmutableArray<TopicIdPartition>[] Assign(
        int topics, int partitions, params ImmutableArray<TopicIdPartition>[] current)
    {
        ImmutableArray<Uuid> ids = [.. Enumerable.Range(0, topics).Select(Id)];
        var members = current.Select((had, i) => new AssignedMember($"m-{i:d4}", null, null, ids, had)).ToList();
        return UniformAssignor.Instance.Assign(new AssignmentInput(members, _ => partitions, (_, _) => false));
    }

    private static ImmutableArray<TopicIdPartition> All(int topics, int partitions) =>
        [.. Enumerable.Range(0, topics).SelectMany(t => Enumerable.Range(0, partitions).Select(p => new TopicIdPartition(Id(t), p)))];

    private static ImmutableArray<TopicIdPartition> Some(int from, int to) =>
        [.. Enumerable.Range(from, to - from).Select(p => new TopicIdPartition(Id(0), p))];

    private static Uuid Id(int topic) => new(1, (ulong)topic + 1);
}
