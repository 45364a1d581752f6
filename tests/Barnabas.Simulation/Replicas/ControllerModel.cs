using Barnabas.Base.Seams;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;

namespace Barnabas.Simulation.Replicas;

/// <summary>
/// What the controller knows and decides of the one partition: who lives, leads, is in sync. Never elects a replica that is not in sync.
/// Each node hears of every state in their order, late. Owned by the world.
/// </summary>
internal sealed class ControllerModel(ClusterWorld world, Randomness random)
{
    private readonly HashSet<int> _alive = [];

    // The process that has registered last, of each node: nobody else is told anything, or taken for the node.
    private readonly Dictionary<int, int> _lives = [];
    private readonly Dictionary<int, long> _heardUs = [];

    public int Leader { get; private set; } = -1;

    public int LeaderEpoch { get; private set; }

    public int PartitionEpoch { get; private set; }

    public List<int> InSync { get; private set; } = [1, 2, 3];

    /// <summary>How often somebody was elected.</summary>
    public int Elections { get; private set; }

    /// <summary>A node was not heard of for too long, or says itself that it comes back.</summary>
    public void Lost(int id)
    {
        _alive.Remove(id);
        if (InSync.Contains(id) && InSync.Count > 1)
        {
            InSync = [.. InSync.Where(other => other != id)];
        }
        else if (Leader != id)
        {
            return;
        }

        PartitionEpoch++;
        if (Leader == id)
        {
            Elect(InSync.Find(_alive.Contains));
        }

        Publish();
    }

    /// <summary>A process has started on a node, or goes on after a pause: from here on it hears what is.</summary>
    public void Registered(int id, int life)
    {
        _alive.Add(id);
        _lives[id] = life;
        if (Leader < 0 && InSync.Contains(id))
        {
            Elect(id);
        }

        PartitionEpoch++;
        Publish();
    }

    /// <summary>True while that process is the node's.</summary>
    public bool IsCurrent(int id, int life) => _lives.GetValueOrDefault(id) == life;

    /// <summary>The leader asks for other replicas in sync; a refusal is another state too.</summary>
    public void Alter(int leaderEpoch, int partitionEpoch, List<int> inSync, bool isCurrent = true)
    {
        if (leaderEpoch != LeaderEpoch || partitionEpoch != PartitionEpoch)
        {
            // What the leader does not know yet is on its way.
            return;
        }

        PartitionEpoch++;
        if (isCurrent && inSync.TrueForAll(id => _alive.Contains(id) || InSync.Contains(id)))
        {
            InSync = inSync;
        }

        Publish();
    }

    /// <summary>Another of those in sync leads from now on, though all is well.</summary>
    public void Move()
    {
        var others = InSync.FindAll(id => id != Leader && _alive.Contains(id));
        if (others.Count > 0)
        {
            PartitionEpoch++;
            Elect(others[random.Next(others.Count)]);
            Publish();
        }
    }

    /// <summary>What a node is told now.</summary>
    public ReplicaState StateFor(int id, LogConfig config) =>
        new(Leader, LeaderEpoch, PartitionEpoch, [.. InSync], 3, Leader == id, config);

    private void Elect(int id)
    {
        Leader = id > 0 ? id : -1;
        LeaderEpoch++;
        Elections++;
        world.Say($"controller: {Leader} leads in epoch {LeaderEpoch}, in sync {string.Join(' ', InSync)}");
    }

    private void Publish()
    {
        foreach (var node in world.Nodes.Where(node => _lives.ContainsKey(node.Id)))
        {
            var state = StateFor(node.Id, node.Config);
            var life = _lives[node.Id];
            var delayUs = random.Next(random.Chance(0.2) ? 60_000 : 3_000);
            var dueUs = Math.Max(_heardUs.GetValueOrDefault(node.Id), world.Clock.MonotonicUs + delayUs);
            _heardUs[node.Id] = dueUs + 1;
            world.Events.At(dueUs, () => node.Hear(life, state));
        }
    }
}
