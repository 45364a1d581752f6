namespace Barnabas.Bench.Coordinators;

/// <summary>
/// One group with many members and partitions: all join at once, a tenth leaves, and it joins again. Each is over when every partition has
/// one owner, the loads are equal and nobody has anything left to say.
/// </summary>
internal static class RebalanceLoad
{
    /// <summary>Members beat once a second: what is measured is the coordinator, not how long members keep silent.</summary>
    public const string Settings = "group.consumer.heartbeat.interval.ms=1000 group.consumer.min.heartbeat.interval.ms=1000";

    private const int Members = 1000, Partitions = 10_000, Topics = 10, Connections = 20;

    public static LoadFigures Run(CoordinatorLoad load)
    {
        var topics = Enumerable.Range(0, Topics).Select(i => $"t-{i}").ToArray();
        var partitions = load.Times.Scaled(Partitions / Topics);
        load.Prepare(0, partitions, topics);
        var count = load.Times.Scaled(Members) / Connections * Connections;
        var members = Enumerable.Range(0, count).Select(m => new LoadMember("g", $"m-{m:d5}", topics)).ToList();
        var some = members.Where((_, m) => m % 10 == 9).ToList();
        var others = members.Except(some).ToList();
        var group = new RebalancedGroup(load, Connections, partitions * Topics);
        Thread.Sleep(load.Times.WarmUp);
        var seconds = new List<double>();
        return load.Measure(
            () =>
            {
                seconds.Add(group.Settle(members, []));
                seconds.Add(group.Settle(others, some));
                seconds.Add(group.Settle(members, []));
                return 3;
            },
            () => $"{count} members, {partitions * Topics} partitions: all join {seconds[0]:F2} s, a tenth leaves {seconds[1]:F2} s, "
                + $"joins again {seconds[2]:F2} s");
    }
}

/// <summary>The group as its members see it. Owned by the benchmark; its threads each have members of their own.</summary>
internal sealed class RebalancedGroup(CoordinatorLoad load, int connections, int partitions)
{
    private volatile bool _isSettled;

    /// <summary>Has some leave and the others beat until the group has settled; gives the seconds that it took.</summary>
    public double Settle(IReadOnlyList<LoadMember> members, IReadOnlyList<LoadMember> leaving)
    {
        var fromMs = load.NowMs;
        double endMs = 0;
        var settled = new int[connections];
        _isSettled = false;
        load.OnConnections(connections, (i, client) =>
        {
            foreach (var member in leaving.Where((_, m) => m % connections == i))
            {
                member.Leave(client);
            }

            var own = members.Where((_, m) => m % connections == i).ToList();
            var due = new List<LoadMember>();
            for (var turn = 0; !_isSettled; turn++)
            {
                LoadMember.Turn(load, client, own, due);
                Volatile.Write(ref settled[i], own.TrueForAll(IsSettled) ? own.Sum(m => m.Owned.Count) : -1);
                if (i == 0 && settled.All(owned => owned >= 0) && settled.Sum() == partitions)
                {
                    endMs = load.NowMs;
                    _isSettled = true;
                }
            }
        });
        var owners = members.SelectMany(m => m.Owned).ToHashSet();
        return owners.Count == partitions ? (endMs - fromMs) / 1000 : throw new InvalidOperationException("a partition has two owners");

        bool IsSettled(LoadMember member) => member.HasSettled
            && member.Owned.Count >= partitions / members.Count && member.Owned.Count <= (partitions + members.Count - 1) / members.Count;
    }
}
