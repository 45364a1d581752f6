using System.Text;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Seams;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Barnabas.Simulation.Checkers;
using Barnabas.Simulation.Runs;

namespace Barnabas.Simulation.Workloads;

/// <summary>
/// Produces to one partition at a time, up to three batches in flight; sends again what was not answered, in order. Owned by the world.
/// </summary>
internal sealed class ProducerClient : SimClient
{
    private const int InFlightMax = 3;
    private const int Keys = 40;
    private readonly List<Sent> _outstanding = [];
    private readonly bool _isIdempotent;
    private readonly short _acks;
    private readonly short _version;
    private TopicModel? _topic;
    private PartitionHistory _history = null!;
    private int _partition;
    private long _producerId = -1;
    private bool _asksForId;
    private int _nextSequence;
    private int _nextValue;
    private int _lossesAtStart;

    public ProducerClient(SimWorld world, string name, Randomness workload)
        : base(world, name, workload)
    {
        // The first two always tell what was acknowledged.
        _isIdempotent = name.EndsWith('0') || workload.Chance(0.5);
        _acks = _isIdempotent || name.EndsWith('1') ? (short)-1 : (short)(workload.Next(3) - 1);
        _version = workload.Chance(0.5) ? (short)(9 + workload.Next(4)) : (short)13;
    }

    /// <inheritdoc/>
    public override bool IsDone => _outstanding.Count == 0;

    /// <inheritdoc/>
    protected override void Act()
    {
        if (_topic is null || (_outstanding.Count == 0 && Random.Chance(0.02)))
        {
            ChooseTopic();
        }

        if (_topic is null)
        {
            return;
        }

        if (_isIdempotent && _producerId < 0)
        {
            AskForId();
            return;
        }

        foreach (var batch in _outstanding.Where(batch => !batch.IsInFlight).ToList())
        {
            Send(batch);
        }

        if (!World.IsHealing && _outstanding.Count < InFlightMax)
        {
            Send(Make());
        }
    }

    /// <inheritdoc/>
    protected override void OnDisconnected()
    {
        _asksForId = false;
        foreach (var batch in _outstanding)
        {
            batch.IsInFlight = false;
        }

        if (!_isIdempotent && Random.Chance(0.5))
        {
            _outstanding.Clear();
        }
    }

    private short Version => _topic!.NeedsId ? (short)13 : _version;

    private void ChooseTopic()
    {
        _topic = World.ChooseTopic(Random);
        _outstanding.Clear();
        _producerId = -1;
        if (_topic is not null)
        {
            _partition = Random.Next(_topic.Partitions);
            _history = World.HistoryOf(_topic.Id, _partition, _topic.Name);
        }
    }

    private void AskForId()
    {
        if (_asksForId)
        {
            return;
        }

        _asksForId = true;
        var request = new InitProducerIdRequest
        {
            TransactionalId = null, ProducerId = -1, ProducerEpoch = -1, TransactionTimeoutMs = 60_000,
        };
        Call<InitProducerIdResponse>(request, 4, reply =>
        {
            _asksForId = false;
            ViolationException.Unless(
                reply.ErrorCode is ErrorCode.None or ErrorCode.CoordinatorLoadInProgress, $"{Name}: {reply.ErrorCode} for a producer id");
            if (reply.ErrorCode == ErrorCode.None)
            {
                World.Metadata.GaveProducerId(reply.ProducerId);
                _producerId = reply.ProducerId;
                _nextSequence = 0;
                _lossesAtStart = _history.Losses;
            }
        });
    }

    private Sent Make()
    {
        var values = new string[1 + Random.Next(4)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = $"{Name}-{_nextValue++}-{new string('x', Random.Next(120))}";
        }

        using var writer = new ByteWriter();
        using var builder = new RecordBatchBuilder(writer);
        builder.Begin(new BatchOptions
        {
            ProducerId = _producerId,
            ProducerEpoch = _isIdempotent ? (short)0 : (short)-1,
            BaseSequence = _isIdempotent ? _nextSequence : -1,
        });
        for (var i = 0; i < values.Length; i++)
        {
            OptionalBytes key = _topic!.IsCompacted ? Encoding.UTF8.GetBytes($"key{Random.Next(Keys)}") : default;
            if (_topic.IsCompacted && Random.Chance(0.15))
            {
                values[i] = LoggedBatch.Tombstone;
                builder.Append(World.Clock.WallMs, key, default);
            }
            else
            {
                builder.Append(World.Clock.WallMs, key, Encoding.UTF8.GetBytes(values[i]));
            }
        }

        builder.End();
        _nextSequence += values.Length;
        var batch = new Sent(writer.Written.ToArray(), values, _nextSequence - values.Length) { Life = World.Life };
        _outstanding.Add(batch);
        return batch;
    }

    private void Send(Sent batch)
    {
        var request = new ProduceRequest
        {
            Acks = _acks,
            TimeoutMs = 500 + Random.Next(2_000),
            TopicData =
            [
                new ProduceRequest.TopicProduceData
                {
                    Name = _topic!.Name,
                    TopicId = _topic.Id,
                    PartitionData = [new ProduceRequest.PartitionProduceData { Index = _partition, Records = batch.Bytes }],
                },
            ],
        };
        World.Sent.Sent(batch.Values, _isIdempotent);
        batch.IsInFlight = true;
        if (_acks == 0)
        {
            _outstanding.Remove(batch);
            Tell(request, Version);
            return;
        }

        Call<ProduceResponse>(request, Version, reply => Answered(batch, reply.Responses[0].PartitionResponses[0]));
    }

    private void Answered(Sent batch, ProduceResponse.PartitionProduceResponse reply)
    {
        if (!_outstanding.Contains(batch))
        {
            return;
        }

        World.Trace.Say(World.Clock.MonotonicUs, $"{Name}: {reply.ErrorCode} for {batch} at {reply.BaseOffset}");
        switch (reply.ErrorCode)
        {
            case ErrorCode.None:
                Acknowledged(batch, reply.BaseOffset);
                break;
            case ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId:
                ViolationException.Unless(World.MayBeGone(_topic!), $"{Name}: {reply.ErrorCode} for {_topic!.Name}, which is there");
                ChooseTopic();
                break;
            case ErrorCode.OutOfOrderSequenceNumber:
                // As Kafka, a node remembers one batch of each producer over a restart, and refuses to tell of those before it.
                ViolationException.Unless(
                    _history.Losses > _lossesAtStart || World.Scenario.RefusesBatches
                    || (batch.Life != World.Life && _history.Has(batch.Values)),
                    $"{Name}: {reply.ErrorCode} for {batch} of {_producerId} though nothing was lost; {_history.Tail(_producerId)}");
                ChooseTopic();
                break;
            case ErrorCode.InvalidTimestamp:
                ViolationException.Unless(World.Faults.Has("clock jump"), $"{Name}: {reply.ErrorCode} for {batch}");
                ChooseTopic();
                break;
            case ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError or ErrorCode.RequestTimedOut or ErrorCode.NotEnoughReplicas:
                // What came behind it has to wait for it: all of it is sent again, in order.
                Disconnect();
                break;
            default:
                throw new ViolationException($"{Name}: {reply.ErrorCode} for {batch} of {_topic!.Name}");
        }
    }

    private void Acknowledged(Sent batch, long baseOffset)
    {
        ViolationException.Unless(ReferenceEquals(_outstanding[0], batch), $"{Name}: {batch} was acknowledged out of order");
        _outstanding.RemoveAt(0);
        World.Acknowledged++;
        _history.MatchAcknowledged(baseOffset, batch.Values);
        var end = baseOffset + batch.Values.Length;
        if (_acks == -1 && World.FindReplica(_topic!.Id, _partition) is { } replica)
        {
            ViolationException.Unless(
                replica.View.HighWatermark >= end,
                $"{_history.Name}: {batch} was acknowledged up to {end}, the high watermark is {replica.View.HighWatermark}");
        }

        if (_topic!.FlushesOnAck)
        {
            _history.MakeDurable(end);
        }
    }

    /// <summary>One batch that was not acknowledged yet.</summary>
    private sealed class Sent(byte[] bytes, string[] values, int sequence)
    {
        public byte[] Bytes => bytes;

        public string[] Values => values;

        public bool IsInFlight { get; set; }

        /// <summary>The life of the node in which it was sent first.</summary>
        public int Life { get; init; }

        /// <inheritdoc/>
        public override string ToString() => $"{values.Length} from {values[0].TrimEnd('x')} with sequence {sequence}";
    }
}
