using System.Collections.Immutable;
using System.Text;
using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Consumer.Assignors;
using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Groups;

/// <summary>
/// Groups drawn from a seed are assigned by Kafka's assignors and by ours. `range` is the same; `uniform` has loads that are as equal or
/// more so, and where they are as equal, it moves no more, and matches fewer racks in some groups only, of which there may not be more.
/// </summary>
public sealed class AssignorTests
{
    private const int Groups = 1_000;
    private const int GroupsWithFewerMatches = 2; // they move one partition less for it
    private const ulong Seed = 848;

    [BrokerFact(Need.Peer)]
    public void Range_is_what_Kafka_assigns()
    {
        var groups = Draw();
        var kafka = Judge("range", groups);
        for (var i = 0; i < groups.Count; i++)
        {
            var ours = groups[i].Text(RangeAssignor.Instance.Assign(groups[i].Input()));
            Assert.True(kafka[i] == ours, $"group {i}:\n{groups[i].Lines("range")}");
        }
    }

    [BrokerFact(Need.Peer)]
    public void Uniform_is_at_least_as_equal_as_what_Kafka_assigns()
    {
        var groups = Draw();
        var kafka = Judge("uniform", groups);
        var (worse, moved, far) = (new List<string>(), new List<string>(), new List<string>());
        for (var i = 0; i < groups.Count; i++)
        {
            var ours = groups[i].Weigh(groups[i].Text(UniformAssignor.Instance.Assign(groups[i].Input())));
            var theirs = groups[i].Weigh(kafka[i]);
            var text = $"group {i}: ours {ours}, Kafka's {theirs}";
            if (ours.Unevenness > theirs.Unevenness)
            {
                worse.Add(text);
            }
            else if (ours.Unevenness == theirs.Unevenness && ours.Moved > theirs.Moved)
            {
                moved.Add(text);
            }
            else if (ours.Unevenness == theirs.Unevenness && ours.Near < theirs.Near)
            {
                far.Add(text);
            }
        }

        AssertAtMost(0, worse);
        AssertAtMost(0, moved);
        AssertAtMost(GroupsWithFewerMatches, far);
    }

    private static void AssertAtMost(int count, List<string> groups) =>
        Assert.True(groups.Count <= count, $"{groups.Count} groups\n{string.Join('\n', groups.Take(40))}");

    private static List<DrawnGroup> Draw()
    {
        var random = new Randomness(Seed);
        return [.. Enumerable.Range(0, Groups).Select(_ => new DrawnGroup(random))];
    }

    private static string[] Judge(string assignor, List<DrawnGroup> groups)
    {
        using var folder = new TemporaryFolder();
        var input = folder.At("groups.txt");
        File.WriteAllText(input, string.Concat(groups.Select(group => group.Lines(assignor))));
        var judge = Checkout.At("tests/Barnabas.Conformance/clients/java/AssignorJudge.java");
        var libraries = Path.Combine(KafkaTools.Home, "libs", "*");
        var command = $"java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '{libraries}' '{judge}' < '{input}'";
        var lines = Command.Run("/bin/sh", ["-c", command], limitS: 120).Succeeded().Text
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(groups.Count, lines.Length);
        return lines;
    }

    private sealed record DrawnMember(
        string Id, string? Instance, string? Rack, List<int> Topics, List<(int Topic, int Partition)> Had);

    /// <summary>What an assignment is worth.</summary>
    /// <param name="Loads">Partitions of each member, in order of their number.</param>
    /// <param name="Unevenness">The sum of their squares: the more equal, the smaller.</param>
    /// <param name="Moved">Partitions that are new to their member.</param>
    /// <param name="Near">Partitions with a replica in the rack of their member.</param>
    private sealed record Weight(string Loads, int Unevenness, int Moved, int Near);

    /// <summary>A group that has been assigned before and has changed since.</summary>
    private sealed class DrawnGroup
    {
        private readonly List<(Uuid Id, List<string[]> Racks)> _topics = [];
        private readonly List<DrawnMember> _members = [];

        public DrawnGroup(Randomness random)
        {
            var racks = random.Chance(0.5) ? 1 + random.Next(3) : 0;
            for (var i = 1 + random.Next(4); i > 0; i--)
            {
                var partitions = Enumerable.Range(0, 1 + random.Next(16))
                    .Select(_ => racks == 0 ? [] : new[] { "r" + random.Next(racks) }).ToList();
                _topics.Add((random.NextUuid(), partitions));
            }

            var isEqual = random.Chance(0.5);
            var all = Enumerable.Range(0, _topics.Count).ToList();
            var free = all.SelectMany(t => Enumerable.Range(0, _topics[t].Racks.Count).Select(p => (t, p))).ToList();
            for (var i = 1 + random.Next(8); i > 0; i--)
            {
                var topics = isEqual ? all : all.Where(_ => random.Chance(0.6)).ToList();
                var had = free.Where(at => topics.Contains(at.t) && random.Chance(0.3)).ToList();
                free.RemoveAll(had.Contains);
                _members.Add(new DrawnMember(
                    $"m{random.Next(1000)}-{i}", random.Chance(0.2) ? $"i{i}" : null, racks == 0 ? null : "r" + random.Next(racks),
                    topics, had));
            }

            _members.Sort((a, b) => string.CompareOrdinal(a.Id, b.Id));
        }

        public string Lines(string assignor)
        {
            var text = new StringBuilder($"G {assignor}\n");
            foreach (var (id, racks) in _topics)
            {
                text.Append($"T {id} {string.Join(';', racks.Select(each => each.Length == 0 ? "-" : string.Join(',', each)))}\n");
            }

            foreach (var (id, instance, rack, topics, had) in _members)
            {
                text.Append($"M {id} {instance ?? "-"} {rack ?? "-"} ");
                text.Append(topics.Count == 0 ? "-" : string.Join(',', topics)).Append(' ').Append(Join(had)).Append('\n');
            }

            return text.Append("E\n").ToString();
        }

        public AssignmentInput Input() => new(
            [.. _members.Select(m => new AssignedMember(
                m.Id, m.Instance, m.Rack, [.. m.Topics.Select(t => _topics[t].Id).Order()],
                [.. m.Had.Select(at => new TopicIdPartition(_topics[at.Topic].Id, at.Partition)).Order()]))],
            id => _topics.Find(t => t.Id == id).Racks.Count,
            (at, rack) => _topics.Find(t => t.Id == at.TopicId).Racks[at.Partition].Contains(rack));

        public string Text(ImmutableArray<TopicIdPartition>[] assigned) => string.Join(' ', assigned.Select(partitions => Join(
            [.. partitions.Select(at => (Topic: _topics.FindIndex(t => t.Id == at.TopicId), at.Partition)).Order()])));

        public Weight Weigh(string assigned)
        {
            var (moved, near) = (0, 0);
            var loads = new List<int>();
            foreach (var (member, text) in _members.Zip(assigned.Split(' ')))
            {
                var parts = text == "-" ? [] : text.Split(',').Select(at => at.Split(':'))
                    .Select(at => (int.Parse(at[0]), int.Parse(at[1]))).ToList();
                loads.Add(parts.Count);
                moved += parts.Count(at => !member.Had.Contains(at));
                near += parts.Count(at => member.Rack is { } rack && _topics[at.Item1].Racks[at.Item2].Contains(rack));
            }

            loads.Sort();
            return new Weight(string.Join(' ', loads), loads.Sum(load => load * load), moved, near);
        }

        private static string Join(List<(int Topic, int Partition)> parts) =>
            parts.Count == 0 ? "-" : string.Join(',', parts.Select(at => $"{at.Topic}:{at.Partition}"));
    }
}
