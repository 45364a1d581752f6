using System.Diagnostics;
using System.Globalization;

namespace Barnabas.Bench;

/// <summary>
/// How long a steady produce with acks=all takes while nothing is compacted, and while the cleaner works on a full topic beside it: one
/// after the other in one warm broker, which begins each round with the same directory.
/// </summary>
internal static class CleanerLatency
{
    private const string Usage =
        "usage: bench/cleaner-latency [--megabytes 2000] [--seconds 20] [--rate 1000] [--rounds 3] [--settings 'K=V K=V']";

    private const string DirtyRatio = "min.cleanable.dirty.ratio";
    private const int WarmUpSeconds = 10;
    private const int Partitions = 4, Threads = 4, RecordsPerRequest = 5;

    public static int Run(string[] options)
    {
        var values = new Dictionary<string, string>
        {
            ["--megabytes"] = "2000", ["--seconds"] = "20", ["--rate"] = "1000", ["--rounds"] = "3", ["--settings"] = "",
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

        int Number(string name) => int.Parse(values[name], CultureInfo.InvariantCulture);
        var folder = Directory.CreateTempSubdirectory("barnabas-cleaner-").FullName;
        try
        {
            Fill(Path.Combine(folder, "filled"), Number("--megabytes"), values["--settings"]);
            Console.WriteLine("| cleaner | requests | p50 ms | p99 ms | p99.9 ms | max ms | s | MB of the topic |");
            Console.WriteLine("|---|---|---|---|---|---|---|---|");
            for (var round = 0; round < Number("--rounds"); round++)
            {
                Measure(folder, Number("--seconds"), Number("--rate"), values["--settings"]);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }

    private static void Fill(string data, int megabytes, string settings)
    {
        using var broker = new BenchBroker(data, $"log.cleaner.enable=false {settings}");
        using (var client = new LoadClient(broker.Port))
        {
            var segmentBytes = string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, megabytes / 32) << 20}");
            client.CreateTopic("compacted", Partitions, ("cleanup.policy", "compact"), ("segment.bytes", segmentBytes),
                (DirtyRatio, "1"));
            client.CreateTopic("load", Threads);
        }

        // A third of the records is the last of its key.
        var batches = megabytes * 10 / Partitions;
        Parallel.For(0, Partitions, partition =>
        {
            using var client = new LoadClient(broker.Port);
            var random = new Random(partition);
            for (var i = 0; i < batches; i++)
            {
                client.Produce("compacted", partition, LoadClient.Batch(random, 100, Math.Max(1, batches * 100 / 3)));
            }
        });
        broker.Stop();
    }

    private static void Measure(string folder, int seconds, int rate, string settings)
    {
        var data = Path.Combine(folder, "data");
        Copy(Path.Combine(folder, "filled"), data);
        using (var sync = Process.Start("sync"))
        {
            sync.WaitForExit();
        }

        using var broker = new BenchBroker(data, $"log.cleaner.backoff.ms=100 {settings}");
        using var admin = new LoadClient(broker.Port);
        var load = new SteadyLoad(broker.Port, Threads, (double)rate / Threads);
        Thread.Sleep(TimeSpan.FromSeconds(WarmUpSeconds));
        Show("off", load.During(() => Thread.Sleep(TimeSpan.FromSeconds(seconds))), data);
        Show("on", load.During(() =>
        {
            admin.SetTopic("compacted", DirtyRatio, "0.01");
            while (!IsCleaned(data))
            {
                Thread.Sleep(20);
            }
        }), data);
        load.Stop();
        broker.Stop();
        Directory.Delete(data, recursive: true);
    }

    private static void Show(string cleaner, (double[] SortedMs, double Seconds) measured, string data)
    {
        var (all, seconds) = measured;
        var bytes = Directory.GetDirectories(data, "compacted-*").SelectMany(d => Directory.GetFiles(d, "*.log"))
            .Sum(f => new FileInfo(f).Length);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {cleaner} | {all.Length} | {At(all, 0.5):F2} | {At(all, 0.99):F2} | {At(all, 0.999):F2} | {At(all, 1):F2} | "
            + $"{seconds:F1} | {bytes / 1_000_000} |"));
    }

    /// <summary>The cleaner has noted for each partition how far it came, and so has nothing to do any more.</summary>
    private static bool IsCleaned(string data)
    {
        var path = Path.Combine(data, "cleaner-offset-checkpoint");
        var lines = File.Exists(path) ? File.ReadAllLines(path) : [];
        return lines.Count(line => line.StartsWith("compacted ", StringComparison.Ordinal)) == Partitions;
    }

    private static double At(double[] sorted, double share) =>
        sorted.Length == 0 ? double.NaN : sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];

    private static void Copy(string from, string to)
    {
        using var copy = Process.Start("cp", ["-r", from, to]);
        copy.WaitForExit();
        using var sync = Process.Start("sync"); // what was copied is not to be written back under the load
        sync.WaitForExit();
    }
}
