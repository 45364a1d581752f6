using System.Text;
using Barnabas.Broker;
using Barnabas.Broker.Config;
using Barnabas.Shared;
using Barnabas.Tests.Network;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Damage;

/// <summary>A corpus directory that a test damages and a broker then opens. Owned by its test.</summary>
internal sealed class OpenedDirectory : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly CorpusEntry _entry;

    public OpenedDirectory(string corpus)
    {
        _entry = Corpus.Unpack(corpus, _folder.At("corpus"));
    }

    /// <summary>What the broker told its operator.</summary>
    public string Log { get; private set; } = "";

    public string At(string name) => Path.Join(_entry.DataDirectory, name);

    public void Write(string name, string text) => File.WriteAllText(At(name), text);

    /// <summary>Changes the bytes of a file, read-only or not.</summary>
    public void Change(string name, Func<byte[], byte[]> change)
    {
        var bytes = change(File.ReadAllBytes(At(name)));
        File.Delete(At(name));
        File.WriteAllBytes(At(name), bytes);
    }

    public void Flip(string name, int at) => Change(name, bytes =>
    {
        bytes[at < 0 ? bytes.Length + at : at] ^= 0x10;
        return bytes;
    });

    /// <summary>
    /// Starts a broker with the clock of then, and gives what differs from what was recorded: nothing, or lines of <see
    /// cref="PictureDifference"/>.
    /// </summary>
    public async Task<string> OpenAsync(Func<string, bool>? isNotCompared = null)
    {
        var picture = await PictureAsync();
        IReadOnlyList<string> Kept(IReadOnlyList<string> lines) =>
            isNotCompared is null ? lines : [.. lines.Where(line => !isNotCompared(line))];
        return PictureDifference.AfterRestart(Kept(_entry.Picture), Kept(picture));
    }

    /// <summary>Lines that were served when the directory was written.</summary>
    public IReadOnlyList<string> Written => _entry.Picture;

    /// <summary>Starts a broker with the clock of then, and gives all that it serves.</summary>
    public async Task<List<string>> PictureAsync()
    {
        using var log = new MemoryStream();
        try
        {
            await using var broker = await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions
            {
                DataDirectory = _entry.DataDirectory, TimeProvider = TimeOfThen(), LogOutput = log, Config = HistorySettings.OfBroker,
            });
            return BrokerPicture.Take(broker.Port);
        }
        finally
        {
            Log = Encoding.UTF8.GetString(log.ToArray());
        }
    }

    /// <summary>The sentence with which a broker refuses the directory.</summary>
    public async Task<string> RefusalAsync()
    {
        var refused = await Assert.ThrowsAnyAsync<Exception>(PictureAsync);
        Assert.True(refused is StartupException or IOException, refused.ToString());
        return refused.Message;
    }

    public void Dispose() => _folder.Dispose();

    private ManualTime TimeOfThen()
    {
        var time = new ManualTime();
        time.Advance(DateTimeOffset.FromUnixTimeMilliseconds(_entry.NowMs) - time.GetUtcNow());
        return time;
    }
}
