using System.Net;
using System.Text;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Broker;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Barnabas.Tests.Handlers;
using Barnabas.Tests.Network;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Embedded;

/// <summary>
/// A broker with the settings of a test, on the test's time, with a client of it and its directory to look into. Owned by its test.
/// </summary>
internal sealed class KeyBroker : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string[] _settings;
    private EmbeddedBroker? _broker;
    private TestClient? _client;

    private KeyBroker(string settings) => _settings = settings.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    public ManualTime Time { get; } = new();

    public EmbeddedBroker Broker => _broker!;

    public TestClient Client => _client!;

    private string Data => _folder.At("data");

    /// <summary>Starts a broker; settings are <c>key=value</c>, with blanks between them.</summary>
    /// <param name="settings">What is not Kafka's default.</param>
    /// <param name="copyOf">A broker that runs, whose directory is copied as it is, as if it had been killed there and then.</param>
    public static async Task<KeyBroker> Start(string settings, KeyBroker? copyOf = null)
    {
        var broker = new KeyBroker(settings);
        foreach (var file in copyOf is null ? [] : Directory.GetFiles(copyOf.Data, "*", SearchOption.AllDirectories))
        {
            if (file.EndsWith(".lock", StringComparison.Ordinal))
            {
                continue;
            }

            var copy = Path.Join(broker.Data, Path.GetRelativePath(copyOf!.Data, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        await broker.Start();
        return broker;
    }

    /// <summary>Starts it again on its directory.</summary>
    public async Task Start()
    {
        var config = new Dictionary<string, string> { ["connections.max.idle.ms"] = "-1" };
        foreach (var setting in _settings)
        {
            var parts = setting.Split('=', 2);
            config[parts[0]] = parts[1];
        }

        _broker = await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions { DataDirectory = Data, TimeProvider = Time, Config = config });
        _client = Connect();
    }

    public TestClient Connect() => new(new IPEndPoint(IPAddress.Loopback, Broker.Port));

    public async Task Stop()
    {
        _client?.Dispose();
        if (_broker is not null)
        {
            await _broker.DisposeAsync();
        }

        _broker = null;
    }

    public async ValueTask DisposeAsync()
    {
        await Stop();
        _folder.Dispose();
    }

    /// <summary>A topic of one partition, with settings as in <see cref="Start(string)"/>.</summary>
    public Uuid Create(string topic, string settings = "", int partitions = 1)
    {
        var result = Client.Call<CreateTopicsResponse>(
            new CreateTopicsRequest
            {
                TimeoutMs = 30_000,
                Topics =
                [
                    new()
                    {
                        Name = topic,
                        NumPartitions = partitions,
                        ReplicationFactor = 1,
                        Configs = [.. settings.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(s => s.Split('=', 2)).Select(s =>
                            new CreateTopicsRequest.CreatableTopicConfig { Name = s[0], Value = s[1] })],
                    },
                ],
            },
            7).Topics[0];
        Assert.Equal(ErrorCode.None, result.ErrorCode);
        return result.TopicId;
    }

    /// <summary>Produces one record that carries the test's time, or another, with acks=all.</summary>
    public ProduceResponse.PartitionProduceResponse Produce(
        string topic, int valueBytes = 10, long? timestampMs = null, int partition = 0, BatchOptions? options = null) =>
        Client.Produce(topic, partition, Batch(valueBytes, timestampMs ?? NowMs, options ?? new BatchOptions()));

    public long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>The first offset of a topic's partition.</summary>
    public long Earliest(string topic) => Client.Call<ListOffsetsResponse>(
        new ListOffsetsRequest
        {
            ReplicaId = -1,
            Topics = [new() { Name = topic, Partitions = [new() { CurrentLeaderEpoch = -1, Timestamp = -2 }] }],
        },
        7).Topics[0].Partitions[0].Offset;

    /// <summary>The files of a partition, or of the data directory where it is empty, that match a pattern.</summary>
    public FileInfo[] Files(string directory, string pattern) => new DirectoryInfo(Path.Join(Data, directory)).GetFiles(pattern);

    /// <summary>Directories of partitions that match a pattern.</summary>
    public DirectoryInfo[] Directories(string pattern) => new DirectoryInfo(Data).GetDirectories(pattern);

    /// <summary>The offset that a checkpoint file names for partition 0 of a topic; -1 for none.</summary>
    public long Checkpoint(string file, string topic)
    {
        var path = Path.Join(Data, file);
        var line = File.Exists(path)
            ? File.ReadAllLines(path).FirstOrDefault(l => l.StartsWith($"{topic} 0 ", StringComparison.Ordinal))
            : null;
        return line is null ? -1 : long.Parse(line.Split(' ')[2]);
    }

    /// <summary>
    /// Lets time pass until a condition holds; how much it took. Timers are set in turns that this thread does not see the end of, so that
    /// time may have run ahead by then: it is never too little, and may be too much. Where that counts each step gets a pace.
    /// </summary>
    public async Task<TimeSpan> Passes(Func<bool> condition, TimeSpan step, int paceMs = 0)
    {
        var passed = TimeSpan.Zero;
        while (!condition())
        {
            Time.Advance(step);
            passed += step;
            await Task.Yield();
            await Task.Delay(paceMs);
        }

        return passed;
    }

    internal static byte[] Batch(int valueBytes, long timestampMs, BatchOptions options)
    {
        using var writer = new ByteWriter();
        using var builder = new RecordBatchBuilder(writer);
        builder.Begin(options);
        builder.Append(timestampMs, default, Encoding.ASCII.GetBytes(new string('v', valueBytes)));
        builder.End();
        return writer.Written.ToArray();
    }
}
