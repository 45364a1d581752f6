using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Conformance.Support;
using Barnabas.Messages;

namespace Barnabas.Conformance.Faults.Load;

/// <summary>
/// A bit of everything at once: writers that are idempotent or not, with acks 1 and all; keys put and deleted, in transactions and not,
/// while their topics and the offsets are compacted; retention by size and time over small segments; DeleteRecords; topics created,
/// configured and deleted; offsets committed. A function of its seed as far as the broker's speed is not in it. Owned by the test; in a
/// round each actor has a thread.
/// </summary>
internal sealed class MixedLoad
{
    private static readonly WriterKind Plain = new(1, IsIdempotent: false);
    private static readonly WriterKind PlainAll = new(-1, IsIdempotent: false);
    private static readonly WriterKind Idempotent = new(-1, IsIdempotent: true);
    private static readonly Trimming None = new();

    private readonly List<PartitionModel> _partitions = [];
    private readonly List<LoadActor> _actors = [];
    private readonly List<KeyedWriter> _keyed = [];
    private readonly List<(string Topic, string Key, string Value)> _configs = [];
    private readonly Randomness _random;
    private Thread[] _threads = [];
    private int _writers;

    public MixedLoad(Randomness random)
    {
        _random = random;
        Add("kept", 0, None, Plain, Idempotent);
        Add("kept", 1, None, PlainAll, Idempotent);
        Add("sized", 0, new Trimming(RetentionBytes: 900_000), Idempotent, Plain);
        Add("timed", 0, new Trimming(RetentionMs: 3_000), Idempotent);
        Add("trimmed", 0, None, PlainAll);
        _configs.AddRange([("sized", "retention.bytes", "900000"), ("timed", "retention.ms", "3000")]);
        _actors.Add(new RecordDeleter(_partitions[^1], _random.Split()));
        _actors.Add(new OffsetCommitter("readers", "kept", _random.Split()));
        _actors.Add(new TopicAdmin(_random.Split()));
        AddKeyed("keyed", isTransactional: false);
        AddKeyed("ledger", isTransactional: true);
    }

    /// <summary>Settings of a broker under this load, so that little time brings much.</summary>
    public static Dictionary<string, string> BrokerSettings => new()
    {
        ["log.retention.check.interval.ms"] = "300",
        ["log.initial.task.delay.ms"] = "100",
        ["log.segment.delete.delay.ms"] = "100",
        ["log.flush.offset.checkpoint.interval.ms"] = "300",
        ["log.flush.start.offset.checkpoint.interval.ms"] = "100",
        ["replica.high.watermark.checkpoint.interval.ms"] = "300",
        ["log.cleaner.backoff.ms"] = "20",
        ["log.cleaner.min.cleanable.ratio"] = "0.01",
        ["offsets.topic.segment.bytes"] = "50000",
        ["transaction.partition.verification.enable"] = "false", // no coordinator stands behind the load's transactions
        ["metadata.log.max.record.bytes.between.snapshots"] = "60000",
        ["metadata.max.retention.bytes"] = "200000",
    };

    /// <summary>Answers of this round.</summary>
    public long Answered => _actors.Sum(actor => actor.Answered);

    /// <summary>Requests of this round that have no answer.</summary>
    public long Unanswered => _actors.Sum(actor => actor.Sent - actor.Answered);

    /// <summary>Batches that were acknowledged and lost where that is allowed.</summary>
    public int Lost => _partitions.Sum(partition => partition.Lost);

    /// <summary>True when somebody has stopped working.</summary>
    public bool HasEnded => Array.Exists(_threads, thread => !thread.IsAlive);

    /// <summary>Makes the topics, on a broker that has none.</summary>
    public void Create(int port)
    {
        using var connection = new MessageConnection(port);
        var keyed = _keyed.Select(writer => (writer.Topic, Count: 1, SegmentBytes: "40000"));
        var topics = _partitions.GroupBy(partition => partition.Topic).Select(group => (Topic: group.Key, group.Count(), "300000"));
        foreach (var (topic, count, segmentBytes) in topics.Concat(keyed))
        {
            var request = new CreateTopicsRequest
            {
                TimeoutMs = 30_000,
                Topics =
                [
                    new()
                    {
                        Name = topic,
                        NumPartitions = count,
                        ReplicationFactor = 1,
                        Configs =
                        [
                            new() { Name = "internal.segment.bytes", Value = segmentBytes },
                            .. _configs.Where(config => config.Topic == topic)
                                .Select(config => new CreateTopicsRequest.CreatableTopicConfig { Name = config.Key, Value = config.Value }),
                        ],
                    },
                ],
            };
            Assert.Equal(ErrorCode.None, connection.Call<CreateTopicsResponse>(request, 7).Topics[0].ErrorCode);
        }
    }

    /// <summary>A clean stop was begun.</summary>
    public void StopBegun() => _partitions.ForEach(partition => partition.Writers.ForEach(writer => writer.MayBeForgotten()));

    /// <summary>Everybody begins to work.</summary>
    public void Begin(int port)
    {
        _actors.ForEach(actor => actor.Reset());
        _threads = [.. _actors.Select(actor => new Thread(() => actor.Run(port)) { IsBackground = true })];
        Array.ForEach(_threads, thread => thread.Start());
    }

    /// <summary>What is answered from now on counts as unanswered, until <see cref="End"/>.</summary>
    public void PowerGoesOff() => _actors.ForEach(actor => actor.PowerIsOff(true));

    /// <summary>The broker is gone: everybody comes to an end.</summary>
    public void End()
    {
        Array.ForEach(_threads, thread => thread.Join());
        _actors.ForEach(actor => actor.PowerIsOff(false));
        var failed = _actors.Find(actor => actor.Failure is not null);
        LossException.Unless(failed is null, $"{failed?.Name} failed: {failed?.Failure}");
    }

    /// <summary>Asks a broker that has come back for everything that was acknowledged.</summary>
    /// <param name="port">Where it listens.</param>
    /// <param name="promise">What may be gone.</param>
    /// <param name="isWhole">True to read everything again, not only what is new.</param>
    public void Verify(int port, Promise promise, bool isWhole)
    {
        using var connection = new MessageConnection(port);
        _partitions.ForEach(partition => partition.Verify(connection, promise, isWhole));
        _actors.ForEach(actor => actor.Verify(connection, promise));
    }

    /// <summary>True when records were deleted and compacted away; some of that comes with time.</summary>
    public bool HasDoneEnough =>
        _partitions.TrueForAll(partition => !partition.IsTrimmed || partition.Start > 0)
        && _keyed.TrueForAll(writer => writer.Model.HasShrunk);

    /// <summary>A load that did not do what it is made for proves nothing.</summary>
    public void CheckFloor()
    {
        var starts = string.Join(", ", _partitions.Select(partition => $"{partition} begins at {partition.Start}"));
        var shrunk = string.Join(", ", _keyed.Where(writer => writer.Model.HasShrunk).Select(writer => writer.Topic));
        LossException.Unless(HasDoneEnough, $"too little was deleted: {starts}; compacted are {shrunk}");
        LossException.Unless(_keyed.Exists(writer => writer.Model.HasAborted), "no reader met an aborted transaction");
    }

    private void Add(string topic, int number, Trimming trimming, params WriterKind[] writers)
    {
        var partition = new PartitionModel(topic, number, trimming);
        _partitions.Add(partition);
        foreach (var kind in writers)
        {
            var writer = new RecordWriter(++_writers, partition, kind, _random.Split());
            partition.Writers.Add(writer);
            _actors.Add(writer);
        }
    }

    private void AddKeyed(string topic, bool isTransactional)
    {
        var writer = new KeyedWriter(topic, isTransactional, _random.Split());
        _keyed.Add(writer);
        _actors.Add(writer);
        _configs.AddRange([(topic, "cleanup.policy", "compact"), (topic, "delete.retention.ms", "300")]);
    }
}
