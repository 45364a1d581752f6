namespace Barnabas.Bench.Coordinators;

/// <summary>Many groups whose members only say that they are alive.</summary>
internal static class MemberLoad
{
    private const int Groups = 500, MembersPerGroup = 10, Connections = 20;

    public static LoadFigures Heartbeats(CoordinatorLoad load)
    {
        load.Prepare(0, MembersPerGroup, "t");
        var groups = Enumerable.Range(0, load.Times.Scaled(Groups)).ToList();
        var members = Enumerable.Range(0, Connections).Select(i =>
            (from g in groups
             where g % Connections == i
             from m in Enumerable.Range(0, MembersPerGroup)
             select new LoadMember($"g-{g}", $"m-{g}-{m}", ["t"])).ToList()).ToArray();
        Settle(load, members);
        return load.Measure(
            Connections,
            (i, client, counter) =>
            {
                var due = new List<LoadMember>();
                Spread(load, members[i]);
                while (load.Goes)
                {
                    counter.Add(LoadMember.Turn(load, client, members[i], due));
                }
            },
            () => $"{groups.Count * MembersPerGroup} members in {groups.Count} groups, every {members[0][0].IntervalMs} ms");
    }

    // All join and beat until each has its share.
    private static void Settle(CoordinatorLoad load, List<LoadMember>[] members) => load.OnConnections(Connections, (i, client) =>
    {
        var due = new List<LoadMember>();
        while (!members[i].TrueForAll(m => m.HasSettled && m.Owned.Count == 1))
        {
            LoadMember.Turn(load, client, members[i], due);
        }
    });

    private static void Spread(CoordinatorLoad load, List<LoadMember> members)
    {
        for (var k = 0; k < members.Count; k++)
        {
            members[k].DueMs = load.NowMs + ((double)k * members[k].IntervalMs / members.Count);
        }
    }
}
