using Barnabas.Base.Seams;
using Barnabas.Simulation.Faults;

namespace Barnabas.Simulation.Replicas;

/// <summary>Makes things go wrong among the nodes, as often as the scenario says. Owned by the world.</summary>
internal sealed class ClusterFaults(ClusterWorld world, Randomness random)
{
    private static readonly string[] Failing = ["write", "fsync", "rename"];
    private readonly HashSet<(int From, int To)> _cut = [];
    private readonly Dictionary<ClusterNode, bool> _dyingByPower = [];
    private bool _isStopped;

    public FaultCounts Counts { get; } = new();

    /// <summary>True where messages get lost.</summary>
    public bool IsCut(int from, int to) => _cut.Contains((from, to));

    /// <summary>No more of them: every node runs, every link works.</summary>
    public void Stop()
    {
        _isStopped = true;
        _cut.Clear();
        foreach (var node in world.Nodes)
        {
            node.Disk.DiesAtOperation = long.MaxValue;
            node.Disk.Fault = (_, _) => null;
            if (node.IsPaused)
            {
                node.Resume();
            }
        }
    }

    /// <summary>After a step.</summary>
    public void Strike()
    {
        var scenario = world.Scenario;
        if (Comes(scenario.ElectionMean))
        {
            Counts.Add("election");
            world.Controller.Move();
        }

        if (Comes(scenario.CutLinkMean))
        {
            CutLink();
        }

        if (Comes(scenario.PauseMean) && Pick() is { IsPaused: false } paused)
        {
            Pause(paused);
        }

        if (Comes(scenario.DeleteRecordsMean) && world.Leader()?.Replica is { } replica)
        {
            Counts.Add("records deleted");
            world.Leader()!.Post(() => replica.DeleteRecords(-1));
        }

        if (Comes(scenario.DiskErrorMean) && Pick() is { } failing)
        {
            failing.Disk.Fault = (operation, _) => Fail(failing, operation);
        }

        if (Comes(scenario.KillMean) && Pick() is { } killed)
        {
            Kill(killed, isPowerCut: false);
        }

        if (Comes(scenario.PowerCutMean) && Pick() is { } cut && MayLosePower(cut))
        {
            Kill(cut, isPowerCut: true);
        }
    }

    /// <summary>The disk of a node has failed, or its process has died in the middle of what the disk did: it ends.</summary>
    public void HasFailed(ClusterNode node)
    {
        if (node.IsUp)
        {
            End(node, _dyingByPower.GetValueOrDefault(node) && MayLosePower(node));
        }
    }

    private bool Comes(int mean) => mean > 0 && !_isStopped && random.Next(mean) == 0;

    private ClusterNode? Pick()
    {
        var node = world.Nodes[random.Next(world.Nodes.Count)];
        return node.IsUp ? node : null;
    }

    // Without a flush for every acknowledgement only a node that is not the last one may lose what its disk does not have.
    private bool MayLosePower(ClusterNode node) => world.Scenario.FlushesOnAck || world.Controller.InSync.Exists(id => id != node.Id);

    private void Kill(ClusterNode node, bool isPowerCut)
    {
        Counts.Add(isPowerCut ? "power cut" : "process death");
        _dyingByPower[node] = isPowerCut;
        if (random.Chance(0.5))
        {
            HasFailed(node);
        }
        else
        {
            node.Disk.DiesAtOperation = node.Disk.Operations + 1 + random.Next(20);
        }
    }

    private void End(ClusterNode node, bool isPowerCut)
    {
        world.Say($"node {node.Id} ends{(isPowerCut ? ", without power" : "")}");
        world.Forget(node, isPowerCut);
        node.End(isPowerCut);
        node.Disk.Fault = (_, _) => null;
        var life = node.Life;
        if (isPowerCut && !world.Scenario.FlushesOnAck)
        {
            world.Controller.Lost(node.Id);
        }
        else
        {
            world.Events.After(random.Next(400_000), () => Noticed(node, life));
        }

        world.Events.After(1 + random.Next(random.Chance(0.3) ? 900_000 : 60_000), () =>
        {
            if (!node.IsUp && node.Life == life)
            {
                world.Start(node);
            }
        });
    }

    private void Noticed(ClusterNode node, int life)
    {
        if (!node.IsUp && node.Life == life)
        {
            world.Controller.Lost(node.Id);
        }
    }

    private void Pause(ClusterNode node)
    {
        Counts.Add("pause");
        node.Pause();
        var life = node.Life;
        world.Events.After(random.Next(400_000), () =>
        {
            if (node.IsPaused && node.Life == life)
            {
                world.Controller.Lost(node.Id);
            }
        });
        world.Events.After(random.Next(900_000), () =>
        {
            if (node.IsPaused && node.Life == life)
            {
                node.Resume();
            }
        });
    }

    private void CutLink()
    {
        var (from, to) = (1 + random.Next(3), 1 + random.Next(3));
        if (from == to)
        {
            return;
        }

        Counts.Add("link cut");
        _cut.Add((from, to));
        world.Events.After(random.Next(700_000), () => _cut.Remove((from, to)));
    }

    private string? Fail(ClusterNode node, string operation)
    {
        if (Array.IndexOf(Failing, operation) < 0)
        {
            return null;
        }

        Counts.Add("disk error");
        _dyingByPower[node] = false;
        node.Disk.Fault = (_, _) => null;
        return "Input/output error";
    }
}
