using System.Collections.Concurrent;
using System.Globalization;
using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Log;
using Barnabas.Log.Directories;
using Barnabas.Shared;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Damage;

/// <summary>
/// Seeded damage to real data directories, BARNABAS_MUTATIONS of them (10,000 by default); BARNABAS_MUTATION=N runs the one that a failure
/// names.
/// </summary>
[Trait("Category", "Slow")]
public sealed class MutationTests
{
    private const string Root = "/data";
    private static readonly string? Only = Environment.GetEnvironmentVariable("BARNABAS_MUTATION");
    private static readonly int Count =
        int.Parse(Environment.GetEnvironmentVariable("BARNABAS_MUTATIONS") ?? "10000", CultureInfo.InvariantCulture);

    [Fact]
    public void Damaged_directories_serve_what_was_written_and_lose_only_what_the_damage_reached()
    {
        var directories = Directories();
        var seeds = Only is { } one ? [int.Parse(one, CultureInfo.InvariantCulture)] : Enumerable.Range(0, Count).ToArray();
        var failures = new ConcurrentBag<string>();
        var (opened, refused, whole) = (0, 0, 0);
        Parallel.ForEach(Partitioner.Create(seeds, loadBalance: true), (seed, loop) =>
        {
            var written = directories[seed % directories.Count];
            var copy = written.Disk.Copy();
            var mutation = new DirectoryMutation(written, copy, new Random(seed)).Apply();
            try
            {
                var damaged = new DamagedDirectory(written, copy, Root, mutation.Touched);
                damaged.Check();
                Interlocked.Add(ref opened, damaged.Logs.Opened);
                Interlocked.Add(ref refused, damaged.Logs.Refused);
                Interlocked.Add(ref whole, damaged.IsOpen ? 0 : 1);
            }
            catch (Exception e)
            {
                failures.Add($"BARNABAS_MUTATION={seed}: {mutation}: {e.Message} {(Only is null ? "" : e.StackTrace)}");
                if (failures.Count > 20)
                {
                    loop.Stop();
                }
            }
        });
        Assert.True(failures.IsEmpty, string.Join("\n", failures.Order(StringComparer.Ordinal)));

        // Of all these, the damage left nearly everything usable.
        var isMostUsable = opened > 10 * refused && whole < seeds.Length / 4;
        Assert.True(Only is not null || isMostUsable, $"{opened} opened, {refused} and {whole} refused");
    }

    private static List<WrittenDirectory> Directories()
    {
        var directories = new List<WrittenDirectory>();
        using var folder = new TempFolder();
        foreach (var name in Corpus.Names)
        {
            var entry = Corpus.Unpack(name, folder.At(name));
            var written = new WrittenDirectory(MemoryDisk.Load(entry.DataDirectory, Root));
            var sound = written.Disk.Copy();
            using var directory = LogDirectory.Open(sound, Root, new Uuid(1, 2));
            foreach (var found in directory.Partitions)
            {
                var log = directory.OpenLog(found, LogConfig.Default, 1).Log;
                var view = log.Publish(log.LogEndOffset);
                written.Sound[found.Path] = (view.LogStartOffset, view.AbortedBetween(view.LogStartOffset, view.LogEndOffset));
                log.Abandon();
            }

            directories.Add(written);
        }

        return directories;
    }
}
