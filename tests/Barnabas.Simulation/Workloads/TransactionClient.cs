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
/// A producer with transactions over one partition, and their coordinator in one: some batches, a while of nothing, a marker; each sent
/// again until it is answered. Whatever it has begun it ends. Owned by the world.
/// </summary>
internal sealed class TransactionClient(SimWorld world, string name, Randomness workload) : SimClient(world, name, workload)
{
    private TopicModel? _topic;
    private PartitionHistory _history = null!;
    private int _partition;
    private long _producerId = -1;
    private int _sequence;
    private int _number;
    private int _batchesLeft;
    private bool _waits;
    private bool _isOpen;
    private bool _commits;
    private bool _lingers;
    private string[]? _values;
    private byte[] _batch = [];

    /// <inheritdoc/>
    public override bool IsDone => !_waits && !_isOpen;

    /// <inheritdoc/>
    protected override int ThinkUs() =>
        World.IsHealing ? 100_000
        : _isOpen && _lingers ? 200_000 + Random.Next(800_000)
        : Random.Next(Random.Chance(0.1) ? 400_000 : 20_000);

    /// <inheritdoc/>
    protected override void OnDisconnected() => _waits = false;

    /// <inheritdoc/>
    protected override void Act()
    {
        if (_topic is { IsDeleteAsked: true })
        {
            Leave();
        }

        if (_waits)
        {
            return;
        }

        if (_isOpen && (_batchesLeft == 0 || World.IsHealing))
        {
            End();
        }
        else if (World.IsHealing)
        {
            return;
        }
        else if (_topic is null)
        {
            Choose();
        }
        else if (_producerId < 0)
        {
            AskForId();
        }
        else
        {
            Produce();
        }
    }

    private void Leave()
    {
        _topic = null;
        _isOpen = false;
        _waits = false;
        _producerId = -1;
        _values = null;
    }

    private void Choose()
    {
        // Markers name topics.
        _topic = World.ChooseTopic(Random) is { NeedsId: false, IsCompacted: false } topic ? topic : null;
        if (_topic is not null)
        {
            _partition = Random.Next(_topic.Partitions);
            _history = World.HistoryOf(_topic.Id, _partition, _topic.Name);
        }
    }

    private void AskForId()
    {
        _waits = true;
        var request = new InitProducerIdRequest
        {
            TransactionalId = null, ProducerId = -1, ProducerEpoch = -1, TransactionTimeoutMs = 60_000,
        };
        Call<InitProducerIdResponse>(request, 4, reply =>
        {
            _waits = false;
            if (reply.ErrorCode == ErrorCode.None)
            {
                World.Metadata.GaveProducerId(reply.ProducerId);
                _producerId = reply.ProducerId;
                _sequence = 0;
                _batchesLeft = 1 + Random.Next(4);
                _commits = Random.Chance(0.6);
                _lingers = Random.Chance(0.2);
            }
        });
    }

    private void Produce()
    {
        if (_values is null)
        {
            Make();
        }

        _waits = true;
        _isOpen = true;
        var (topic, values) = (_topic!, _values!);
        World.Sent.Sent(values, isIdempotent: true);
        var request = new ProduceRequest
        {
            TransactionalId = Name,
            Acks = -1,
            TimeoutMs = 500 + Random.Next(2_000),
            TopicData =
            [
                new ProduceRequest.TopicProduceData
                {
                    Name = topic.Name,
                    PartitionData = [new ProduceRequest.PartitionProduceData { Index = _partition, Records = _batch }],
                },
            ],
        };
        Call<ProduceResponse>(request, 9, reply => Produced(topic, values, reply.Responses[0].PartitionResponses[0]));
    }

    private void Make()
    {
        _values = new string[1 + Random.Next(3)];
        using var writer = new ByteWriter();
        using var builder = new RecordBatchBuilder(writer);
        builder.Begin(new BatchOptions
        {
            ProducerId = _producerId, ProducerEpoch = 0, BaseSequence = _sequence, IsTransactional = true,
        });
        for (var i = 0; i < _values.Length; i++)
        {
            _values[i] = $"{Name}-{_number++}-{new string('x', Random.Next(120))}";
            builder.Append(World.Clock.WallMs, default, Encoding.UTF8.GetBytes(_values[i]));
        }

        builder.End();
        _batch = writer.Written.ToArray();
    }

    private void Produced(TopicModel topic, string[] values, ProduceResponse.PartitionProduceResponse reply)
    {
        if (topic != _topic)
        {
            return;
        }

        _waits = false;
        World.Trace.Say(World.Clock.MonotonicUs, $"{Name}: {reply.ErrorCode} for {values[0].TrimEnd('x')} at {reply.BaseOffset}");
        switch (reply.ErrorCode)
        {
            case ErrorCode.None:
                World.Acknowledged++;
                _history.MatchAcknowledged(reply.BaseOffset, values);
                _sequence += values.Length;
                _values = null;
                _batchesLeft--;
                break;
            case ErrorCode.OutOfOrderSequenceNumber or ErrorCode.InvalidTimestamp:
                // What was lost or refused is not sent again; the transaction is given up.
                _batchesLeft = 0;
                _commits = false;
                break;
            case ErrorCode.UnknownTopicOrPartition:
                ViolationException.Unless(World.MayBeGone(topic), $"{Name}: {reply.ErrorCode} for {topic.Name}, which is there");
                break;
            case ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError or ErrorCode.RequestTimedOut or ErrorCode.NotEnoughReplicas:
                break;
            default:
                throw new ViolationException($"{Name}: {reply.ErrorCode} for {values[0]}");
        }
    }

    private void End()
    {
        _waits = true;
        var topic = _topic!;
        var request = new WriteTxnMarkersRequest
        {
            Markers =
            [
                new()
                {
                    ProducerId = _producerId,
                    ProducerEpoch = 0,
                    TransactionResult = _commits,
                    Topics = [new() { Name = topic.Name, PartitionIndexes = [_partition] }],
                },
            ],
        };
        Call<WriteTxnMarkersResponse>(request, 1, reply =>
        {
            if (topic != _topic)
            {
                return;
            }

            _waits = false;
            var error = reply.Markers[0].Topics[0].Partitions[0].ErrorCode;
            World.Trace.Say(World.Clock.MonotonicUs, $"{Name}: {error} for {(_commits ? "commit" : "abort")} of {_producerId}");
            switch (error)
            {
                case ErrorCode.None:
                    ViolationException.Unless(
                        !_history.Transactions.IsOpen(_producerId), $"{Name}: {_producerId} was told that its transaction has ended");
                    Leave();
                    break;
                case ErrorCode.UnknownTopicOrPartition:
                    ViolationException.Unless(World.MayBeGone(topic), $"{Name}: {error} for {topic.Name}, which is there");
                    break;
                case ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError or ErrorCode.RequestTimedOut
                    or ErrorCode.NotEnoughReplicas:
                    break;
                default:
                    throw new ViolationException($"{Name}: {error} for a marker");
            }
        });
    }
}
