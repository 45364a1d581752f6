using Barnabas.Broker;
using Barnabas.Shared;
using Barnabas.Tests.Network;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Damage;

/// <summary>
/// Directories that earlier commits of Barnabas, and Kafka, wrote keep opening, and everything in them comes out as it was recorded.
/// BARNABAS_MAKE_CORPUS=NAME makes two new ones of this commit, NAME-clean and NAME-killed; those that are there are never made anew.
/// </summary>
public sealed class CorpusTests
{
    public static TheoryData<string> Archives => [.. Corpus.Names];

    [Theory, MemberData(nameof(Archives))]
    public async Task What_was_written_once_is_read_for_ever(string name)
    {
        using var folder = new TempFolder();
        var entry = Corpus.Unpack(name, folder.At("corpus"));
        Assert.Contains(entry.Picture, line => line.StartsWith("record ", StringComparison.Ordinal));

        // The clock stands where it stood then: retention, producers and committed offsets go by it.
        var time = new ManualTime();
        time.Advance(DateTimeOffset.FromUnixTimeMilliseconds(entry.NowMs) - time.GetUtcNow());
        var log = new MemoryStream();
        await using var broker = await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions
        {
            DataDirectory = entry.DataDirectory, TimeProvider = time, LogOutput = log, Config = HistorySettings.OfBroker,
        });
        var difference = PictureDifference.AfterRestart(entry.Picture, BrokerPicture.Take(broker.Port));
        Assert.True(difference.Length == 0, $"{name}:\n{difference}\n{System.Text.Encoding.UTF8.GetString(log.ToArray())}");
    }

    [Fact]
    public async Task New_archives_are_made_by_a_switch()
    {
        using var folder = new TempFolder();
        var name = Environment.GetEnvironmentVariable("BARNABAS_MAKE_CORPUS");
        var history = new BrokerHistory(new HistoryOptions(1, DateTimeOffset.UtcNow.AddMinutes(-30).ToUnixTimeMilliseconds(), false));
        var options = new EmbeddedBrokerOptions { DataDirectory = folder.At("data"), Config = HistorySettings.OfBroker };

        // Two lives, so that there is more than one leader epoch, and a clean stop in the past of the killed one.
        await using (var first = await EmbeddedBroker.StartAsync(options))
        {
            history.Run(60, first.Port);
        }

        List<string> picture;
        long nowMs;
        await using (var second = await EmbeddedBroker.StartAsync(options))
        {
            history.Run(60, second.Port);
            history.AwaitLogStarts(options.DataDirectory);
            picture = BrokerPicture.Take(second.Port);
            nowMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

            // Every byte that the process has written is in the files, as it would be after SIGKILL.
            CopyFolder(options.DataDirectory, folder.At("killed"));
        }

        Assert.True(history.Counts.Count >= 6, string.Join(", ", history.Counts));
        if (name is not null)
        {
            Corpus.Pack($"{name}-clean", options.DataDirectory, nowMs, picture);
            Corpus.Pack($"{name}-killed", folder.At("killed"), nowMs, picture);
        }
    }

    internal static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var path in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Join(to, Path.GetRelativePath(from, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
        }
    }
}
