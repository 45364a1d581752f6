using System.Diagnostics;
using System.Text;
using Barnabas.Base.Bytes;
using Barnabas.Protocol.Records;
using Xunit;

namespace Barnabas.Shared;

/// <summary>What a <see cref="BrokerHistory"/> is made of.</summary>
/// <param name="Seed">The same seed gives the same requests.</param>
/// <param name="StartMs">Time stamp of the first records, wall-clock milliseconds.</param>
/// <param name="HasTransactions">True to write transactional batches and markers, which the broker must take from anybody.</param>
public sealed record HistoryOptions(int Seed, long StartMs, bool HasTransactions);

/// <summary>
/// A seeded history of a broker's life: topics made, filled by all kinds of producers, changed and deleted; groups that commit. The same
/// steps go to one or more brokers in lock step; every answer must be the same. One thread.
/// </summary>
public sealed class BrokerHistory(HistoryOptions options)
{
    private const long StepMs = 1000, FirstProducerId = 900_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly CompressionType[] Codecs =
        [CompressionType.None, CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd];

    private readonly Random _random = new(options.Seed);
    private readonly List<HistoryTopic> _topics = [];
    private HistoryBrokers _brokers = null!;
    private long _nowMs = options.StartMs;
    private int _names;

    /// <summary>How many steps of each kind were made.</summary>
    public SortedDictionary<string, int> Counts { get; } = new(StringComparer.Ordinal);

    /// <summary>
    /// True for lines of a picture that only that directory may have: about topics whose records carry the broker's clock or change in the
    /// background, and leader epochs, since each program begins them in its own way.
    /// </summary>
    public static bool IsOfOneDirectory(string line)
    {
        string[] topics = ["stamped", "compacted", "__"];
        var words = line.Split(' ', 3);
        return words[0] is "leader" or "epoch" || Array.Exists(topics, topic => words[1].StartsWith(topic, StringComparison.Ordinal));
    }

    /// <summary>Makes so many steps with the brokers that listen at <paramref name="ports"/>.</summary>
    public void Run(int steps, params int[] ports)
    {
        using var brokers = new HistoryBrokers(ports);
        _brokers = brokers;
        if (_topics.Count == 0)
        {
            foreach (var kind in HistoryTopic.Kinds.Keys)
            {
                Create(kind);
            }
        }

        for (var step = 0; step < steps; step++)
        {
            _nowMs += StepMs;
            Step();
        }
    }

    /// <summary>
    /// Sends the last batch of each idempotent producer again: each broker has to know it, and to answer the offset that it has.
    /// </summary>
    public int Retry(params int[] ports)
    {
        using var brokers = new HistoryBrokers(ports);
        var retried = 0;
        foreach (var topic in _topics)
        {
            for (var i = 0; i < topic.Partitions.Count; i++)
            {
                if (topic.Partitions[i].LastIdempotent is { } last)
                {
                    var baseOffset = brokers.Produce(topic.Name, i, last.Batch, transactionalId: null);
                    Assert.True(baseOffset == last.BaseOffset, $"{topic.Name}-{i}: a retry got {baseOffset}, not {last.BaseOffset}");
                    retried++;
                }
            }
        }

        return retried;
    }

    /// <summary>
    /// Waits until the log starts that DeleteRecords moved are in the checkpoint of a directory: a broker that is killed before forgets
    /// them, and that is how it should be.
    /// </summary>
    public void AwaitLogStarts(string dataDirectory)
    {
        var watch = Stopwatch.StartNew();
        while (Missing(dataDirectory) is { } missing)
        {
            Assert.True(watch.Elapsed < Patience, $"{missing} does not get into the checkpoint");
            Thread.Sleep(20);
        }
    }

    /// <summary>Waits until retention has removed the same from the topics of all brokers.</summary>
    public void AwaitRetention(params int[] ports)
    {
        using var brokers = new HistoryBrokers(ports);
        var watch = Stopwatch.StartNew();
        foreach (var topic in _topics.Where(topic => topic.Kind == "retained"))
        {
            for (var i = 0; i < topic.Partitions.Count; i++)
            {
                while (brokers.StartOffsets(topic.Name, i).Distinct().Count() > 1)
                {
                    var starts = string.Join(", ", brokers.StartOffsets(topic.Name, i));
                    Assert.True(watch.Elapsed < Patience, $"{topic.Name}-{i} begins at {starts}");
                    Thread.Sleep(50);
                }
            }
        }
    }

    /// <summary>A partition whose log start is neither in the checkpoint nor the base of a segment; null when there is none.</summary>
    private string? Missing(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, "log-start-offset-checkpoint");
        var lines = File.Exists(path) ? File.ReadAllLines(path) : [];
        var moved =
            from topic in _topics
            from partition in Enumerable.Range(0, topic.Partitions.Count)
            let start = topic.Partitions[partition].StartOffset
            where start > 0 && !lines.Contains($"{topic.Name} {partition} {start}")
            where !File.Exists(Path.Combine(dataDirectory, $"{topic.Name}-{partition}", $"{start:D20}.log"))
            select $"{topic.Name}-{partition} at {start}";
        return moved.FirstOrDefault();
    }

    private void Step()
    {
        switch (_random.Next(100))
        {
            case < 38: Count("plain", ProducePlain); break;
            case < 60: Count("idempotent", ProduceIdempotent); break;
            case < 76 when options.HasTransactions: Count("transaction", StepTransaction); break;
            case < 84: Count("commit", Commit); break;
            case < 87: Count("session", () => _brokers.GroupSession($"members-{_random.Next(3)}", Pick().Name, _random.Next(50))); break;
            case < 90: Count("create", () => Create(HistoryTopic.Kinds.Keys.ElementAt(_random.Next(HistoryTopic.Kinds.Count)))); break;
            case < 92: Count("delete", DeleteTopic); break;
            case < 96: Count("delete records", DeleteRecords); break;
            case < 98: Count("configure", Configure); break;
            default: Count("partitions", AddPartition); break;
        }
    }

    private void Count(string what, Action step)
    {
        step();
        Counts[what] = Counts.GetValueOrDefault(what) + 1;
    }

    private void Configure() => _brokers.SetConfig(Pick().Name, "max.message.bytes", $"{1_000_000 + _random.Next(9)}");

    private HistoryTopic Pick() => _topics[_random.Next(_topics.Count)];

    private void Create(string kind)
    {
        var topic = new HistoryTopic($"{kind}-{_names++}", kind, partitions: 1 + _random.Next(2));
        _brokers.CreateTopic(topic.Name, topic.Partitions.Count, HistoryTopic.Kinds[kind]);
        _topics.Add(topic);
    }

    private void DeleteTopic()
    {
        // The first of each kind stays.
        if (_topics.Count > HistoryTopic.Kinds.Count)
        {
            var topic = _topics[HistoryTopic.Kinds.Count + _random.Next(_topics.Count - HistoryTopic.Kinds.Count)];
            _brokers.DeleteTopic(topic.Name);
            _topics.Remove(topic);
        }
    }

    private void AddPartition()
    {
        var topic = Pick();
        if (topic.Partitions.Count < 4)
        {
            topic.Partitions.Add(new HistoryPartition());
            _brokers.SetPartitions(topic.Name, topic.Partitions.Count);
        }
    }

    private void ProducePlain()
    {
        var (topic, partition) = PickPartition();
        Append(topic, partition, Batch(new BatchOptions { Compression = Codec() }), null);
    }

    private void ProduceIdempotent()
    {
        var (topic, partition) = PickPartition();
        var at = topic.Partitions[partition];
        var id = FirstProducerId + _random.Next(3);
        var (epoch, sequence) = at.Producers.GetValueOrDefault(id);
        if (_random.Next(8) == 0 && sequence > 0)
        {
            (epoch, sequence) = ((short)(epoch + 1), 0);
        }

        var batch = Batch(new BatchOptions
        {
            Compression = Codec(), ProducerId = id, ProducerEpoch = epoch, BaseSequence = sequence,
        });
        at.LastIdempotent = (batch, Append(topic, partition, batch, null));
        at.Producers[id] = (epoch, sequence + CountOf(batch));
    }

    private void StepTransaction()
    {
        var (topic, partition) = PickPartition();
        var at = topic.Partitions[partition];
        var id = FirstProducerId + 100 + _random.Next(3);
        var (epoch, sequence) = at.Producers.GetValueOrDefault(id);
        if (at.Open.Contains(id) && _random.Next(2) == 0)
        {
            _brokers.WriteMarker(topic.Name, partition, id, epoch, isCommit: _random.Next(2) == 0);
            at.EndOffset++;
            at.Open.Remove(id);
            return;
        }

        var batch = Batch(new BatchOptions
        {
            Compression = Codec(), ProducerId = id, ProducerEpoch = epoch, BaseSequence = sequence, IsTransactional = true,
        });
        Append(topic, partition, batch, $"t-{id}");
        at.Producers[id] = (epoch, sequence + CountOf(batch));
        at.Open.Add(id);
    }

    private void Commit()
    {
        var (topic, partition) = PickPartition();
        var end = topic.Partitions[partition].EndOffset;
        _brokers.Commit($"simple-{_random.Next(3)}", topic.Name, partition, _random.NextInt64(end + 1), $"m{_random.Next(100)}");
    }

    private void DeleteRecords()
    {
        var (topic, partition) = PickPartition();
        var at = topic.Partitions[partition];

        // Kafka refuses it for topics that are only compacted.
        if (topic.Kind is not ("compacted" or "retained") && at.Open.Count == 0 && at.EndOffset > at.StartOffset)
        {
            at.StartOffset += _random.NextInt64(at.EndOffset - at.StartOffset);
            _brokers.DeleteRecords(topic.Name, partition, at.StartOffset);
        }
    }

    private (HistoryTopic Topic, int Partition) PickPartition()
    {
        var topic = Pick();
        return (topic, _random.Next(topic.Partitions.Count));
    }

    private CompressionType Codec() => Codecs[_random.Next(Codecs.Length)];

    private long Append(HistoryTopic topic, int partition, byte[] batch, string? transactionalId)
    {
        var at = topic.Partitions[partition];
        var baseOffset = _brokers.Produce(topic.Name, partition, batch, transactionalId);
        Assert.True(baseOffset == at.EndOffset, $"{topic.Name}-{partition}: appended at {baseOffset}, not {at.EndOffset}");
        at.EndOffset = baseOffset + CountOf(batch);
        return baseOffset;
    }

    private static int CountOf(byte[] batch)
    {
        Assert.True(RecordBatchHeader.TryRead(batch, out var header));
        return header.RecordCount;
    }

    /// <summary>A batch of some records, keys from a small set, some values null or long, time stamps not always in order.</summary>
    private byte[] Batch(BatchOptions batch)
    {
        using var output = new ByteWriter();
        using var headers = new ByteWriter();
        using var builder = new RecordBatchBuilder(output);
        builder.Begin(batch);
        var count = 1 + _random.Next(8);
        for (var i = 0; i < count; i++)
        {
            byte[]? value = _random.Next(12) == 0 ? null : new byte[_random.Next(10) == 0 ? 600 : _random.Next(40)];
            value?.AsSpan().Fill((byte)('a' + _random.Next(26)));
            headers.Reset();
            var hasHeader = _random.Next(5) == 0;
            if (hasHeader)
            {
                RecordHeaders.Write(headers, "h"u8, Encoding.ASCII.GetBytes($"{_random.Next(100)}"));
            }

            var key = Encoding.ASCII.GetBytes($"k{_random.Next(20)}");
            builder.Append(i, _nowMs + _random.Next(-300, 600), key, value, hasHeader ? 1 : 0, headers.Written);
        }

        builder.End();
        return output.Written.ToArray();
    }
}
