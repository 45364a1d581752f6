using Barnabas.Base.Seams;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Simulation.Checkers;
using Barnabas.Simulation.Faults;
using Barnabas.Simulation.Seams;

namespace Barnabas.Simulation.Replicas;

/// <summary>
/// One history of a partition with three replicas: nodes that live and die, a controller, clients, faults, and the oracle. A function of
/// the seed alone; runs in one thread, which owns all of it.
/// </summary>
internal sealed class ClusterWorld
{
    private const long HealUsMax = 30_000_000;
    private readonly List<ClusterWatch> _watches = [];
    private readonly List<Action> _afterLook = [];
    private readonly Dictionary<ClusterNode, long> _lostEnds = [];
    private readonly List<ClusterProducer> _producers = [];
    private readonly List<ClusterConsumer> _consumers = [];
    private readonly Randomness _schedule;
    private readonly Randomness _network;

    public ClusterWorld(ulong seed, ClusterBug bug = ClusterBug.None)
    {
        var random = new Randomness(seed ^ 0x5EED_C1C5_7E12_0003UL);
        Bug = bug;
        _schedule = random.Split();
        _network = random.Split();
        Events = new SimEvents(Clock);
        Scenario = ClusterScenario.Draw(random.Split());
        MinInSync = 1 + random.Next(2);
        LogConfig = new LogConfig
        {
            SegmentBytes = 3_000,
            IndexIntervalBytes = 300,
            FileDeleteDelayMs = 200,
            RetentionBytes = random.Chance(0.3) ? 12_000 : -1,
            FlushOnAck = Scenario.FlushesOnAck,
            MinInsyncReplicas = bug == ClusterBug.MinimumNotAsked ? 1 : MinInSync,
        };
        Controller = new ControllerModel(this, random.Split());
        Faults = new ClusterFaults(this, random.Split());
        Nodes = [.. Enumerable.Range(1, 3).Select(id => new ClusterNode(this, id, random.Split()))];
        for (var i = 0; i < 3; i++)
        {
            _producers.Add(new ClusterProducer(this, i, random.Split()));
            _consumers.Add(new ClusterConsumer(this, random.Split()));
        }

        Nodes.ForEach(Start);
    }

    public ClusterBug Bug { get; }

    public Trace Trace { get; } = new();

    public SimClock Clock { get; } = new();

    public SimEvents Events { get; }

    public ClusterScenario Scenario { get; }

    public LogConfig LogConfig { get; }

    /// <summary>As many replicas have to have what was acknowledged.</summary>
    public int MinInSync { get; }

    public ControllerModel Controller { get; }

    public ClusterFaults Faults { get; }

    public List<ClusterNode> Nodes { get; }

    public ClusterHistory History { get; } = new();

    public bool IsHealing { get; private set; }

    public long Steps { get; private set; }

    public long Acknowledged { get; private set; }

    public long Fetched { get; set; }

    /// <summary>A history in which little happened proves little, and goes on.</summary>
    public bool HasProvedEnough => Acknowledged >= 5 && Fetched >= 10 && Controller.Elections >= 5 && Faults.Counts.Total >= 5;

    /// <summary>Runs the history to its end and judges it.</summary>
    public void Run()
    {
        while (Steps < ClusterScenario.Steps || (!HasProvedEnough && Steps < ClusterScenario.StepsMax))
        {
            Step();
            Faults.Strike();
        }

        IsHealing = true;
        Faults.Stop();
        var giveUpUs = Clock.MonotonicUs + HealUsMax;
        while (!IsHealed())
        {
            ViolationException.Unless(Clock.MonotonicUs < giveUpUs, $"after {HealUsMax / 1_000_000} s without faults: {State()}");
            Step();
        }

        foreach (var node in Nodes)
        {
            var view = node.Replica!.View;
            History.Match(ClusterHistory.Read(view, view.LogStartOffset, view.LogEndOffset), $"node {node.Id} at the end");
        }
    }

    public ClusterNode NodeOf(int id) => Nodes[id - 1];

    /// <summary>Who leads, as everybody may know soon; null for nobody.</summary>
    public ClusterNode? Leader() => Controller.Leader > 0 ? NodeOf(Controller.Leader) : null;

    public void Say(string line) => Trace.Say(Clock.MonotonicUs, line);

    /// <summary>How long a message takes.</summary>
    public int DelayUs() => 50 + _network.Next(_network.Chance(0.05) ? 50_000 : 1_500);

    /// <summary>A number below a bound, of the schedule.</summary>
    public int Schedule(int bound) => _schedule.Next(bound);

    /// <summary>A message goes from one node to another.</summary>
    public void Send(int from, int to, Action message) => Events.After(DelayUs(), () =>
    {
        if (!Faults.IsCut(from, to))
        {
            message();
        }
    });

    /// <summary>Judged when the replicas of this step have been looked at.</summary>
    public void AfterLook(Action check) => _afterLook.Add(check);

    /// <summary>Somebody was told that these are committed.</summary>
    public void Acknowledge(long baseOffset, string[] values)
    {
        Acknowledged++;
        AfterLook(() =>
        {
            History.MatchAcknowledged(baseOffset, values);
            var end = baseOffset + values.Length;
            var copies = Nodes.Count(node => _lostEnds.GetValueOrDefault(node) >= end
                || _watches.Exists(watch => watch.Node == node && watch.End >= end));
            var gone = Nodes.Count(node => !node.IsUp || node.Replica is null || node.Replica.Failure is not null);
            ViolationException.Unless(
                copies + gone >= MinInSync, $"{values[0]} was acknowledged at {baseOffset} with {copies} copies of {MinInSync}: {State()}");
        });
    }

    /// <summary>A process starts on a node; one that cannot ends again.</summary>
    public void Start(ClusterNode node)
    {
        try
        {
            node.Start();
        }
        catch (Exception e) when (e is IOException or SimCrashException)
        {
            Say(e.Message);
            Faults.HasFailed(node);
        }
    }

    /// <summary>A new replica is looked at from its first view on.</summary>
    public void Watch(ClusterNode node)
    {
        _watches.Add(new ClusterWatch(this, node, node.Replica!));
        if (Bug == ClusterBug.LostWakeUp)
        {
            PlantedBugs.LoseWakeUps(node.Replica!);
        }
    }

    /// <summary>A process has ended. What a power cut took counts as copied once, where no disk was waited for.</summary>
    public void Forget(ClusterNode node, bool isPowerCut)
    {
        if (isPowerCut && !Scenario.FlushesOnAck && _watches.Find(watch => watch.Node == node) is { } last)
        {
            _lostEnds[node] = Math.Max(_lostEnds.GetValueOrDefault(node), last.End);
        }

        _watches.RemoveAll(watch => watch.Node == node);
    }

    private bool IsHealed() =>
        _producers.TrueForAll(producer => producer.IsDone) && Controller.InSync.Count == 3
        && Nodes.TrueForAll(node => node.Replica is { Failure: null } replica
            && replica.View.HighWatermark == History.End && replica.View.LogEndOffset == History.End)
        && _consumers.TrueForAll(consumer => consumer.IsDone);

    private string State() =>
        $"committed {History.End}, in sync {string.Join(' ', Controller.InSync)}, producers done {_producers.Count(p => p.IsDone)}, "
        + $"consumers {string.Join(' ', _consumers)}, "
        + string.Join("; ", Nodes.Select(node => $"{node.Id}: {Say(node.Replica)}"));

    private static string Say(Replica? replica) => replica is null
        ? "nothing"
        : $"{replica.View.LogStartOffset}, {replica.View.HighWatermark} of {replica.View.LogEndOffset}, "
            + $"in epoch {replica.State.LeaderEpoch}, on disk {replica.Log.RecoveryPoint}{(replica.Flushes.HasJobs ? ", with jobs" : "")}, "
            + $"epochs {string.Join(' ', replica.View.Epochs.Entries.Select(e => $"{e.Epoch}@{e.StartOffset}"))} {replica.Failure?.Reason}";

    private void Step()
    {
        Steps++;
        var ready = Nodes.FindAll(IsReady);
        if (ready.Count == 0 && !Events.IsDue)
        {
            var running = Nodes.Where(node => node is { IsUp: true, IsPaused: false });
            Clock.MoveTo(running.Select(node => node.Loops.NextUs).Append(Events.NextUs).Min());
            return;
        }

        Clock.MoveTo(Clock.MonotonicUs + _schedule.Next(30));
        var pick = _schedule.Next(ready.Count + (Events.IsDue ? 1 : 0));
        var node = pick < ready.Count ? ready[pick] : null;
        try
        {
            if (node is null)
            {
                Events.RunOne();
            }
            else
            {
                node.Loops.RunOne(_ => { });
            }
        }
        catch (SimCrashException)
        {
            // The disk of that node has noted it.
        }

        node?.FreeLeases();
        Nodes.ForEach(each => each.Disk.IsLookedAt = true);
        _watches.ForEach(watch => watch.Look());
        Nodes.ForEach(each => each.Disk.IsLookedAt = false);
        foreach (var dead in Nodes)
        {
            if (dead.IsUp && (dead.Disk.HasDied || (dead.Replica?.Failure is not null)))
            {
                Faults.HasFailed(dead);
            }
        }

        _consumers.ForEach(consumer => consumer.CheckNotForgotten());
        var checks = _afterLook.ToList();
        _afterLook.Clear();
        checks.ForEach(check => check());
    }

    private static bool IsReady(ClusterNode node)
    {
        if (node is not { IsUp: true, IsPaused: false })
        {
            return false;
        }

        node.Loops.TickDue();
        return node.Loops.CountReady() > 0;
    }
}
