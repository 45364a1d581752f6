using System.Collections.Immutable;
using Barnabas.Base;
using Barnabas.Base.Seams;
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

    /// <summary>All assignments of small groups are tried: none has more equal loads, then fewer moves, then more matching racks.</summary>
    [Fact]
    public void No_other_assignment_is_better()
    {
        var random = new Randomness(848);
        for (var i = 0; i < 300; i++)
        {
            var topics = Enumerable.Range(0, 1 + random.Next(3)).Select(_ => 1 + random.Next(2)).ToArray();
            var near = new HashSet<(TopicIdPartition, string)>();
            var free = new List<TopicIdPartition>();
            foreach (var at in topics.SelectMany((count, t) => Enumerable.Range(0, count).Select(p => new TopicIdPartition(Id(t), p))))
            {
                free.Add(at);
                near.Add((at, $"r{random.Next(2)}"));
            }

            var all = free.ToArray();
            var isEqual = random.Chance(0.3);
            var members = new List<AssignedMember>();
            for (var m = 1 + random.Next(4); m > 0; m--)
            {
                ImmutableArray<Uuid> reads = [.. Enumerable.Range(0, topics.Length).Where(_ => isEqual || random.Chance(0.7)).Select(Id)];
                ImmutableArray<TopicIdPartition> had = [.. free.Where(at => reads.Contains(at.TopicId) && random.Chance(0.5))];
                free.RemoveAll(had.Contains);
                members.Add(new AssignedMember($"m-{m}", null, random.Chance(0.7) ? $"r{random.Next(2)}" : null, reads, had));
            }

            var input = new AssignmentInput(members, id => topics[(int)id.Low - 1], (at, rack) => near.Contains((at, rack)));
            var assigned = UniformAssignor.Instance.Assign(input);
            var ours = Weigh(input, at => Array.FindIndex(assigned, part => part.Contains(at)), all);
            Assert.Equal((i, Best(input, all)), (i, ours));
        }
    }

    private static (int Unevenness, int Moved, int Far) Best(AssignmentInput input, TopicIdPartition[] all)
    {
        var owner = new int[all.Length];
        var best = (int.MaxValue, 0, 0);
        void Try(int at)
        {
            if (at == all.Length)
            {
                var weight = Weigh(input, one => owner[Array.IndexOf(all, one)], all);
                best = weight.CompareTo(best) < 0 ? weight : best;
                return;
            }

            var readers = Enumerable.Range(0, input.Members.Count).Where(m => input.Members[m].Topics.Contains(all[at].TopicId));
            foreach (var reader in readers.DefaultIfEmpty(-1))
            {
                owner[at] = reader;
                Try(at + 1);
            }
        }

        Try(0);
        return best;
    }

    private static (int Unevenness, int Moved, int Far) Weigh(
        AssignmentInput input, Func<TopicIdPartition, int> ownerOf, TopicIdPartition[] all)
    {
        var owned = all.Select(at => (At: at, Owner: ownerOf(at))).Where(one => one.Owner >= 0)
            .Select(one => (one.At, Who: input.Members[one.Owner])).ToList();
        return (
            owned.GroupBy(one => one.Who.Id).Sum(one => one.Count() * one.Count()) + (1_000 * (all.Length - owned.Count)),
            owned.Count(one => !one.Who.Current.Contains(one.At)),
            owned.Count(one => one.Who.RackId is not { } rack || !input.HasReplicaIn(one.At, rack)));
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
