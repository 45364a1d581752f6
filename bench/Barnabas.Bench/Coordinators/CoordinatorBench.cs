using System.Globalization;

namespace Barnabas.Bench.Coordinators;

/// <summary>
/// What the coordinators of groups and transactions cost, in Barnabas and in Apache Kafka in turn: the same load from the same program, on
/// the same machine, and the processor time that the broker takes for it.
/// </summary>
internal static class CoordinatorBench
{
    private const string Usage = """
        usage: bench/coordinators [--only members,rebalance,commits,transactions,producer-ids,compaction] [--brokers barnabas,kafka]
                                  [--seconds 20] [--warm-up 10] [--scale 1.0] [--settings 'K=V K=V']
        """;

    /// <summary>Each workload, and the settings of the broker that it wants.</summary>
    private static readonly (string Name, string Settings, Func<CoordinatorLoad, LoadFigures> Run)[] Workloads =
    [
        ("members", "", MemberLoad.Heartbeats),
        ("rebalance", RebalanceLoad.Settings, RebalanceLoad.Run),
        ("commits", "", CommitLoad.Run),
        ("transactions", "", TransactionLoad.Run),
        ("producer-ids", ProducerIdLoad.Settings, ProducerIdLoad.Run),
        ("compaction", CommitLoad.CompactionSettings, CommitLoad.Compaction),
    ];

    public static int Run(string[] options)
    {
        var values = new Dictionary<string, string>
        {
            ["--only"] = "members,rebalance,commits,transactions", ["--brokers"] = BenchBroker.HasKafka ? "barnabas,kafka" : "barnabas",
            ["--seconds"] = "20", ["--warm-up"] = "10", ["--scale"] = "1", ["--settings"] = "",
        };
        if (options.Length % 2 != 0 || !options.Where((_, i) => i % 2 == 0).All(values.ContainsKey))
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        for (var i = 0; i < options.Length; i += 2)
        {
            values[options[i]] = options[i + 1];
        }

        double Number(string name) => double.Parse(values[name], CultureInfo.InvariantCulture);
        var times = new LoadTimes(TimeSpan.FromSeconds(Number("--warm-up")), TimeSpan.FromSeconds(Number("--seconds")), Number("--scale"));
        var kinds = values["--brokers"].Split(',').Select(name => Enum.Parse<BenchKind>(name, ignoreCase: true)).ToList();
        Console.WriteLine("| workload | broker | operations | a second | wall s | broker CPU s | CPU us each | cores | resident MiB | |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|");
        foreach (var name in values["--only"].Split(','))
        {
            var workload = Workloads.Single(each => each.Name == name);
            var costs = new List<double>();
            foreach (var kind in kinds)
            {
                costs.Add(Measure(workload, kind, times, values["--settings"]));
            }

            if (costs.Count == 2)
            {
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{name}: {kinds[1]} takes {costs[1] / costs[0]:F1} times the CPU of {kinds[0]}"));
            }
        }

        return 0;
    }

    private static double Measure(
        (string Name, string Settings, Func<CoordinatorLoad, LoadFigures> Run) workload, BenchKind kind, LoadTimes times, string settings)
    {
        var folder = Directory.CreateTempSubdirectory("barnabas-coordinators-").FullName;
        try
        {
            var data = Path.Combine(folder, "data");
            using var broker = new BenchBroker(kind, data, $"{workload.Settings} {settings}");
            var figures = workload.Run(new CoordinatorLoad(broker, times, data));
            var each = figures.CpuSeconds * 1e6 / figures.Operations;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {workload.Name} | {kind} | {figures.Operations} | {figures.Operations / figures.Seconds:F0} | {figures.Seconds:F1} | "
                + $"{figures.CpuSeconds:F2} | {each:F1} | {figures.CpuSeconds / figures.Seconds:F3} | {broker.ResidentMiB()} | "
                + $"{figures.Note} |"));
            return each;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
