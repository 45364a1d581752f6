using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Broker.Config;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Partitions;
using Barnabas.Simulation.Checkers;
using Barnabas.Simulation.Faults;
using Barnabas.Simulation.Nodes;
using Barnabas.Simulation.Seams;
using Barnabas.Simulation.Workloads;

namespace Barnabas.Simulation.Runs;

/// <summary>
/// One history: a machine, a node that lives and dies on it, clients, faults, and the oracles. A function of the seed and the scenario
/// alone; runs in one thread, which owns all of it.
/// </summary>
internal sealed class SimWorld
{
    private const long HealUsMax = 60_000_000; // longer than the longest wait that a client asks for
    private const long SettleUs = 6_000_000; // longer than every session and transaction
    private readonly PartitionOracles _partitions;
    private readonly SimMachine _machine;
    private readonly Randomness _schedule;
    private readonly Randomness _process;
    private readonly FaultInjector _faults;
    private readonly CoordinatorSabotage _sabotage;
    private readonly OldProducers? _oldProducers;
    private bool _endedCleanly;

    public SimWorld(
        ulong seed, Scenario scenario, PlantedBug bug = PlantedBug.None, CoordinatorBug coordinatorBug = CoordinatorBug.None)
    {
        var random = new Randomness(seed);
        Scenario = scenario;
        Sent = new SentRecords { MayBeRefused = scenario.RefusesBatches };
        Bug = bug;
        _sabotage = new CoordinatorSabotage(coordinatorBug);
        Ledger = new TransactionLedger(this);
        Shadows = new CoordinatorShadows(this);
        _partitions = new PartitionOracles(this);
        _schedule = random.Split();
        _process = random.Split();
        Events = new SimEvents(Clock);
        Disk = new SimDisk(Clock, random.Split());
        Wire = new SimWire(Clock, Events, random.Split());
        Loops = new SimLoops(Clock, random.Split(), Trace);
        _machine = new SimMachine
        {
            Clock = Clock,
            Disk = Disk,
            Wire = Wire,
            Loops = Loops,
            Randomness = _process,
            Config = SimCast.ConfigOf(scenario),
            VerifiesTransactions = scenario.IsOfCoordinators,
            Shape = PlantedBugs.Shape(bug, scenario.SegmentBytes),
            SaysTooEarlyThatItIsClean = bug == PlantedBug.CleanFlagEarly,
        };
        _faults = new FaultInjector(this, random.Split());
        PlantedBugs.Prepare(bug, Disk);
        SimCast.Join(this, random.Split());
        _oldProducers = scenario.EpochsLeft > 0 ? new OldProducers(scenario, random.Split()) : null;

        // The operator's directory was there long before.
        Disk.CreateDirectory(SimMachine.DataPath);
        Disk.SyncAll();
    }

    public Scenario Scenario { get; }

    public PlantedBug Bug { get; }

    public Trace Trace { get; } = new();

    public SimClock Clock { get; } = new();

    public SimEvents Events { get; }

    public SimDisk Disk { get; }

    public SimWire Wire { get; }

    public SimLoops Loops { get; }

    public FaultCounts Faults { get; } = new();

    public MetadataWatch Metadata { get; } = new();

    public SentRecords Sent { get; }

    /// <summary>The transactions that a coordinator decides.</summary>
    public TransactionLedger Ledger { get; }

    /// <summary>What the logs of the coordinators say.</summary>
    public CoordinatorShadows Shadows { get; }

    /// <summary>Requests that were sent once more and are neither answered nor lost.</summary>
    public int RepeatsUnderWay { get; set; }

    /// <summary>The oracles of all partitions that there ever were.</summary>
    public IEnumerable<PartitionHistory> Histories => _partitions.All;

    public List<SimClient> Clients { get; } = [];

    /// <summary>Topics whose creation was acknowledged.</summary>
    public List<TopicModel> Topics { get; } = [];

    /// <summary>The node, while its process lives.</summary>
    public SimNode? Node { get; private set; }

    /// <summary>True when no more faults come and clients only finish what they have begun.</summary>
    public bool IsHealing { get; private set; }

    /// <summary>True when clients do nothing any more, and only time goes by.</summary>
    public bool IsSettling { get; private set; }

    /// <summary>How the process ends that dies at a point of its code; null for deaths that the faults bring.</summary>
    public StopKind? DeathAtPoint { get; set; }

    /// <summary>How often the process has ended.</summary>
    public int Life { get; private set; }

    public long Steps { get; private set; }

    public long Acknowledged { get; set; }

    public long Fetched { get; set; }

    /// <summary>A history in which little happened proves little, and goes on for a while.</summary>
    public bool HasProvedEnough =>
        Faults.Total >= Scenario.FaultsMin && Acknowledged >= 5 && Fetched >= (Scenario.IsOfCoordinators ? 2 : 3);

    /// <summary>Runs the history to its end and judges it; a <see cref="ViolationException"/> says what was wrong.</summary>
    public void Run()
    {
        FirstStart();
        while (Steps < Scenario.Steps || (!HasProvedEnough && Steps < 4 * Scenario.Steps))
        {
            Step();
            _faults.Strike();
        }

        Heal();
        if (Scenario.IsOfCoordinators)
        {
            Settle();
        }

        CompareCoordinators();
        Restart(StopKind.Clean);
        while (Node is not { IsOpen: true })
        {
            Step();
        }
    }

    /// <summary>A topic to work on, or null while there is none.</summary>
    public TopicModel? ChooseTopic(Randomness workload)
    {
        var topics = Topics.FindAll(topic => !topic.IsDeleteAsked);
        return topics.Count == 0 ? null : topics[workload.Next(topics.Count)];
    }

    /// <summary>The oracle of a partition.</summary>
    public PartitionHistory HistoryOf(Uuid topic, int partition, string name) => _partitions.HistoryOf(topic, partition, name);

    /// <summary>How often the log behind a group has lost its end, as it may.</summary>
    public int LossesOf(string group) => _partitions.LossesOf(group);

    /// <summary>True when nobody may count on a topic: it is being deleted, or the node's disk has failed.</summary>
    public bool MayBeGone(TopicModel topic) => topic.IsDeleteAsked || Node?.Failure is not null;

    /// <summary>The replica of a partition, where the node has one.</summary>
    public Replica? FindReplica(Uuid topic, int partition) => Node?.Replicas.Table.Find(topic, partition);

    /// <summary>The process ends in a way, and another starts soon.</summary>
    public void Restart(StopKind kind)
    {
        if (kind == StopKind.Clean && Node is { IsOpen: true, Failure: null } node && !Disk.HasDied)
        {
            StopCleanly(node);
        }

        if (Node is { } ended)
        {
            Trace.Say(Clock.MonotonicUs, $"the process ends: {kind}{(ended.IsStopped ? ", stopped" : "")}");
            _endedCleanly = ended.HasClosed || (_endedCleanly && !ended.HasBegun);
            if (ended.HasOpened)
            {
                Metadata.Ended(ended.Driver.Publisher.Image);
            }
        }

        var isPowerCut = kind == StopKind.PowerCut;
        _partitions.NodeEnded(isPowerCut);
        Shadows.NodeEnded();
        Node = null;
        Wire.ResetAll();
        Loops.Clear();
        Disk.Restart(isPowerCut);
        var life = ++Life;
        Events.After(1_000 + _process.Next(20_000), () =>
        {
            if (life == Life)
            {
                Start();
            }
        });
    }

    /// <summary>One turn of one loop, or one event of the world outside, and a look at what has become of it.</summary>
    public void Step()
    {
        Steps++;
        try
        {
            RunSomething();
        }
        catch (SimCrashException)
        {
            // The disk has noted that the process is dead.
        }

        if (Disk.HasDied)
        {
            Die();
            return;
        }

        Look();
        if (Bug != PlantedBug.None)
        {
            Disk.FinishWrites();
        }
    }

    private void FirstStart()
    {
        try
        {
            Start();
        }
        catch (SimCrashException)
        {
            Die();
        }
    }

    private void Die()
    {
        var kind = DeathAtPoint ?? _faults.KindOfDeath;
        DeathAtPoint = null;
        Restart(kind);
    }

    private void RunSomething()
    {
        Loops.TickDue();
        var ready = Loops.CountReady();
        if (ready == 0 && !Events.IsDue)
        {
            if (Loops.IsQuiet && Wire.IsQuiet && Node is { IsOpen: true })
            {
                Clients.ForEach(client => (client as FetchClient)?.CheckNotForgotten());
            }

            Clock.MoveTo(Math.Min(Loops.NextUs, Events.NextUs));
            return;
        }

        Clock.MoveTo(Clock.MonotonicUs + _schedule.Next(30));
        if (ready == 0 || (Events.IsDue && _schedule.Chance(0.5)))
        {
            Events.RunOne();
        }
        else
        {
            Loops.RunOne(BeforeTurn);
        }
    }

    // A shard that has work queued is one that another thread holds: who wants to run it inline has to post instead.
    private void BeforeTurn(Loop loop)
    {
        if (Node is not { } node || !loop.Name.StartsWith("network", StringComparison.Ordinal))
        {
            return;
        }

        foreach (var replica in node.Held)
        {
            if (_schedule.Next(100) < Scenario.BusyShardPercent)
            {
                replica.Shard.Loop.Post(new ActionTask(() => { }));
            }
        }
    }

    private void Look()
    {
        if (Node is not { } node)
        {
            return;
        }

        ViolationException.Unless(node.Bugs.Count == 0, $"a handler failed: {node.Bugs.FirstOrDefault()}");
        // What a dying process had begun to make or to delete is set aside by the next; more is not told while all is well.
        ViolationException.Unless(
            node.Failure is not null || node.Reports.TrueForAll(report => report.EndsWith("-stray", StringComparison.Ordinal)),
            $"{node.Reports.LastOrDefault()}");
        Disk.IsLookedAt = true;
        if (Scenario.IsOfCoordinators)
        {
            Shadows.Look(node);
        }

        _partitions.Look(node.Held, alsoWithin: Steps % 64 == 0);
        Disk.IsLookedAt = false;
        if (Steps % (Scenario.IsOfCoordinators ? 512 : 64) == 0)
        {
            CompareCoordinators();
        }

        if (Bug != PlantedBug.None)
        {
            node.Held.ForEach(replica => PlantedBugs.AfterStep(Bug, replica));
        }

        _sabotage.AfterStep(node);
        _oldProducers?.AfterStep(node);
        _faults.LookAt(node);
    }

    private void CompareCoordinators()
    {
        if (Scenario.IsOfCoordinators)
        {
            Shadows.CompareFromStart();
            return;
        }

        foreach (var replica in Node?.Held ?? [])
        {
            CoordinatorWatch.Compare(replica, Loops.Host(0), Clock);
        }
    }

    private void Start()
    {
        Trace.Say(Clock.MonotonicUs, "a process starts");
        ViolationException.Unless(
            _endedCleanly || !Disk.FileExists(SimMachine.DataPath + "/.kafka_cleanshutdown"),
            $"a node that was not closed says that it was");
        try
        {
            var node = new SimNode(_machine);
            Node = node;
            node.Start(opened =>
            {
                Trace.Say(Clock.MonotonicUs, "the node is open");
                var image = opened.Driver.Publisher.Image;
                Metadata.Opened(image, Topics);
                Topics.ForEach(topic => topic.Match(image));
                var handlers = PlantedBugs.Handlers(Bug, SimHandlers.Of(opened, _machine, _process.Split()));
                return _sabotage.Handlers(handlers, opened);
            });
        }
        catch (IOException e) when (_faults.HasFailed)
        {
            // The start ends with a sentence for the operator, who tries again.
            Trace.Say(Clock.MonotonicUs, e.Message);
            Restart(StopKind.ProcessDeath);
        }
    }

    private void StopCleanly(SimNode node)
    {
        node.Stop();
        Clients.ForEach(client => client.Break());
        for (var turns = 0; !node.IsStopped && Node == node; turns++)
        {
            ViolationException.Unless(turns < 20_000, $"a clean stop does not come to its end");
            Step();
        }
    }

    private void Heal()
    {
        IsHealing = true;
        _faults.Stop();
        if (Scenario.IsOfCoordinators)
        {
            // Long polls of those who read would only make the end longer.
            Clients.ForEach(client => (client as FetchClient)?.Break());
        }

        var giveUpUs = Clock.MonotonicUs + HealUsMax;
        while (!Clients.TrueForAll(client => client.IsDone) || RepeatsUnderWay > 0
            || Node is not { IsOpen: true } node || !node.Held.TrueForAll(ShowsAll))
        {
            ViolationException.Unless(
                Clock.MonotonicUs < giveUpUs, $"without an answer: {Unfinished()}");
            Step();
        }
    }

    // All timeouts go by: nobody is left who waits, and nothing that is undecided.
    private void Settle()
    {
        IsSettling = true;
        var untilUs = Clock.MonotonicUs + SettleUs;
        while (Clock.MonotonicUs < untilUs || !Shadows.IsSettled)
        {
            ViolationException.Unless(Clock.MonotonicUs < untilUs + HealUsMax, $"not settled: {Shadows.Unsettled()}");
            Step();
        }

        Ledger.CheckAll();
    }

    private string Unfinished() => string.Join(
        ", ", Clients.Where(client => !client.IsDone).Select(client => $"{client}")
            .Concat((Node?.Held ?? []).Where(replica => !ShowsAll(replica)).Select(replica => $"{replica.Partition} shows not all")));

    // Nobody else is in sync: all that the log has is shown without anybody's help.
    private static bool ShowsAll(Replica replica) => replica.View.HighWatermark == replica.View.LogEndOffset;
}
