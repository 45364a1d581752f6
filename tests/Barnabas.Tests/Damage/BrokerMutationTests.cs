using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Barnabas.Broker;
using Barnabas.Broker.Config;
using Barnabas.Shared;
using Barnabas.Tests.Network;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Damage;

/// <summary>
/// Seeded damage as in <see cref="MutationTests"/>, with a whole broker over each directory: BARNABAS_BROKER_MUTATIONS of them (120 by
/// default); BARNABAS_BROKER_MUTATION=N runs the one that a failure names.
/// </summary>
[Trait("Category", "Slow")]
public sealed class BrokerMutationTests
{
    private static readonly string? Only = Environment.GetEnvironmentVariable("BARNABAS_BROKER_MUTATION");
    private static readonly int Count =
        int.Parse(Environment.GetEnvironmentVariable("BARNABAS_BROKER_MUTATIONS") ?? "120", CultureInfo.InvariantCulture);

    [Fact]
    public async Task A_broker_starts_over_what_is_good_and_names_what_is_not()
    {
        using var folder = new TempFolder();
        var corpora = new List<Sound>();
        foreach (var name in Corpus.Names)
        {
            corpora.Add(await Sound.OfAsync(Corpus.Unpack(name, folder.At(name)), folder.At(name + "-all")));
        }

        var seeds = Only is { } one ? [int.Parse(one, CultureInfo.InvariantCulture)] : Enumerable.Range(0, Count).ToArray();
        var failures = new ConcurrentBag<string>();
        var refused = 0;
        await Parallel.ForEachAsync(seeds, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (seed, _) =>
        {
            var round = new Round(corpora[seed % corpora.Count], folder.At($"seed-{seed}"), seed);
            try
            {
                await round.RunAsync();
                Interlocked.Add(ref refused, round.WasRefused ? 1 : 0);
            }
            catch (Exception e)
            {
                failures.Add($"BARNABAS_BROKER_MUTATION={seed}: {round.Mutation}: {e.Message}{(Only is null ? "" : "\n" + round.Log)}");
            }
        });
        Assert.True(failures.IsEmpty, string.Join("\n", failures.Order(StringComparer.Ordinal)));
        Assert.True(Only is not null || refused < seeds.Length / 3, $"{refused} of {seeds.Length} directories were refused");
    }

    private static async Task<EmbeddedBroker> StartAsync(CorpusEntry corpus, string path, Stream? log = null)
    {
        var time = new ManualTime();
        time.Advance(DateTimeOffset.FromUnixTimeMilliseconds(corpus.NowMs) - time.GetUtcNow());
        return await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions
        {
            DataDirectory = path, TimeProvider = time, LogOutput = log, Config = HistorySettings.OfBroker,
        });
    }

    private static bool IsRecord(string line) => line.StartsWith("record ", StringComparison.Ordinal);

    private static bool IsTopic(string line) => line.StartsWith("topic ", StringComparison.Ordinal);

    /// <summary>A directory as it was written. Immutable.</summary>
    /// <param name="Entry">Where it is.</param>
    /// <param name="Records">Every record in its files, also those before the log starts.</param>
    private sealed record Sound(CorpusEntry Entry, HashSet<string> Records)
    {
        public static async Task<Sound> OfAsync(CorpusEntry entry, string path)
        {
            CorpusTests.CopyFolder(entry.DataDirectory, path);
            File.Delete(Path.Join(path, "log-start-offset-checkpoint"));
            await using var broker = await StartAsync(entry, path);
            return new Sound(entry, [.. BrokerPicture.TakeRecords(broker.Port).Where(IsRecord)]);
        }
    }

    /// <summary>One damaged directory and the broker over it. Used once.</summary>
    private sealed class Round(Sound sound, string path, int seed)
    {
        private readonly MemoryStream _log = new();

        public DirectoryMutation? Mutation { get; private set; }

        public bool WasRefused { get; private set; }

        public string Log => Encoding.UTF8.GetString(_log.ToArray());

        public async Task RunAsync()
        {
            var written = new WrittenDirectory(MemoryDisk.Load(sound.Entry.DataDirectory, path));
            var disk = written.Disk.Copy();
            Mutation = new DirectoryMutation(written, disk, new Random(seed)).Apply();
            disk.Store();
            try
            {
                await using var broker = await StartAsync(sound.Entry, path, _log);
                Judge(BrokerPicture.TakeRecords(broker.Port));
                Assert.False(broker.Failed.IsCompleted, "the broker failed");
            }
            catch (Exception e) when (e is StartupException or IOException)
            {
                WasRefused = true;
                Assert.Contains(path, e.Message);

                // What a partition holds keeps nobody from serving the others.
                Assert.Contains(Mutation.Touched.Paths, IsOfTheWhole);
            }
        }

        private void Judge(List<string> served)
        {
            foreach (var line in served.Where(IsRecord).Where(line => !line.EndsWith(" CorruptMessage", StringComparison.Ordinal)))
            {
                Assert.True(sound.Records.Contains(line) || IsOfAnother(line.Split(' ')[1]), $"served, and never written: {line}");
            }

            if (!Mutation!.Touched.Paths.Any(IsOfTheWhole))
            {
                Assert.Equal(sound.Entry.Picture.Where(IsTopic), served.Where(IsTopic));
            }
        }

        /// <summary>A file in another's place brings the records of another partition, or of a snapshot.</summary>
        private bool IsOfAnother(string partition) => Mutation!.Touched.Replaced.Any(file =>
            file.EndsWith(".log", StringComparison.Ordinal) && Path.GetDirectoryName(file) == Path.Join(path, partition));

        private bool IsOfTheWhole(string file) => Path.GetDirectoryName(file) == path || file.Contains("__cluster_metadata-0");
    }
}
