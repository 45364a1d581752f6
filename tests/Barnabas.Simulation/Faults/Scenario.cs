using System.Globalization;
using System.Reflection;

namespace Barnabas.Simulation.Faults;

/// <summary>
/// How a history is made: who takes part and how often what goes wrong, from a file of <c>key=value</c> lines. Means are in steps of the
/// simulation; 0 is never. Immutable.
/// </summary>
internal sealed record Scenario
{
    public string Name { get; private set; } = "";

    public int Steps { get; private set; } = 3000;

    public int Producers { get; private set; } = 3;

    public int Fetchers { get; private set; } = 3;

    /// <summary>Producers with transactions.</summary>
    public int Transactions { get; private set; }

    /// <summary>Producers whose transactions a coordinator decides, two to a transactional id.</summary>
    public int ExactlyOnce { get; private set; }

    /// <summary>Of those, how many of a hundred speak the older protocol.</summary>
    public int OlderPercent { get; private set; } = 40;

    /// <summary>
    /// How many epochs at most are left to the producers of transactional ids when the history begins; 0 where ids are new.
    /// </summary>
    public int EpochsLeft { get; private set; }

    /// <summary>How often a request that allows it is sent once more on another connection, of 100.</summary>
    public int RepeatPercent { get; private set; }

    /// <summary>How often a request, and all behind it on its connection, stays on its way for long, of 100.</summary>
    public int DelayPercent { get; private set; }

    /// <summary>1 where all that is acknowledged is on the disk, that of the node's own topics too.</summary>
    public int FlushesAll { get; private set; }

    /// <summary>True where the coordinators are what is looked at.</summary>
    public bool IsOfCoordinators => ExactlyOnce > 0 || Consumers > 0;

    /// <summary>Members of the group of the consumer protocol.</summary>
    public int Consumers { get; private set; }

    /// <summary>How often such a member leaves when it has its turn, of 100.</summary>
    public int LeavePercent { get; private set; } = 3;

    /// <summary>Members of the same group that speak the classic protocol.</summary>
    public int ClassicConsumers { get; private set; }

    /// <summary>Members of the two groups.</summary>
    public int Members { get; private set; } = 2;

    /// <summary>How many times longer those think who only produce and fetch, so that more of the steps are the others'.</summary>
    public int Calm { get; private set; } = 1;

    /// <summary>Of all logs; no decision of a coordinator may be larger.</summary>
    public int SegmentBytes { get; private set; } = 3_000;

    public int Topics { get; private set; } = 3;

    /// <summary>How often the administrator deletes a topic when it has its turn, of 100.</summary>
    public int DeletePercent { get; private set; } = 15;

    /// <summary>The share of topics that are compacted, of 100.</summary>
    public int CompactedPercent { get; private set; }

    /// <summary>The share of topics whose acknowledgements wait for the disk, of 100.</summary>
    public int FlushOnAckPercent { get; private set; } = 50;

    /// <summary>Steps between deaths of the process.</summary>
    public int ProcessCrashMean { get; private set; }

    /// <summary>Steps between power cuts.</summary>
    public int PowerCutMean { get; private set; }

    /// <summary>Steps between clean stops.</summary>
    public int CleanStopMean { get; private set; }

    /// <summary>How often the power goes while a node stops cleanly, of 100.</summary>
    public int StopsCutPercent { get; private set; }

    /// <summary>Steps between failing operations of the disk.</summary>
    public int DiskErrorMean { get; private set; }

    /// <summary>Steps between times in which the disk is slow.</summary>
    public int SlowDiskMean { get; private set; }

    /// <summary>Steps between connections that break.</summary>
    public int BreakMean { get; private set; }

    /// <summary>Steps between jumps of the wall clock.</summary>
    public int ClockJumpMean { get; private set; }

    /// <summary>Steps between changes of in-sync replicas and leader, made in the place of the controller.</summary>
    public int LeaderChangeMean { get; private set; }

    /// <summary>True where a good batch may be refused, so that one behind it may be the first of its producer that is taken.</summary>
    public bool RefusesBatches => ClockJumpMean > 0 || LeaderChangeMean > 0 || DiskErrorMean > 0;

    /// <summary>How often a shard is busy when somebody wants to run it inline, of 100.</summary>
    public int BusyShardPercent { get; private set; } = 30;

    /// <summary>Fewer faults than this, and the history proves too little.</summary>
    public int FaultsMin { get; private set; } = 5;

    /// <summary>All scenarios, in order of their names.</summary>
    public static IReadOnlyList<Scenario> All { get; } = ReadAll("");

    /// <summary>All scenarios of coordinators, in order of their names.</summary>
    public static IReadOnlyList<Scenario> OfCoordinators { get; } = ReadAll("Coordinators");

    /// <summary>The scenario of that name.</summary>
    public static Scenario Of(string name) => All.Concat(OfCoordinators).First(scenario => scenario.Name == name);

    private static IReadOnlyList<Scenario> ReadAll(string folder) =>
    [
        .. Directory.GetFiles(Path.Join(AppContext.BaseDirectory, "Scenarios", folder), "*.txt")
            .Order(StringComparer.Ordinal).Select(Read),
    ];

    private static Scenario Read(string path)
    {
        var scenario = new Scenario { Name = Path.GetFileNameWithoutExtension(path) };
        foreach (var line in File.ReadLines(path).Where(line => line.Length > 0 && !line.StartsWith('#')))
        {
            var parts = line.Split('=');
            var property = typeof(Scenario).GetProperty(parts[0], BindingFlags.Public | BindingFlags.Instance)
                ?? throw new InvalidDataException($"{path}: {parts[0]} is no key of a scenario");
            property.SetValue(scenario, int.Parse(parts[1], CultureInfo.InvariantCulture));
        }

        return scenario;
    }
}
