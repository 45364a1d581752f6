using System.Text;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Partitions;
using Barnabas.Protocol.Records;
using Barnabas.Simulation.Checkers;

namespace Barnabas.Simulation.Replicas;

/// <summary>
/// An idempotent producer: sends one batch until it is answered, to whoever it believes to lead; begins again under another id where
/// acks=1 has lost something. Owned by the world.
/// </summary>
internal sealed class ClusterProducer
{
    private const int TriesUs = 600_000;
    private readonly ClusterWorld _world;
    private readonly Randomness _random;
    private readonly string _name;
    private readonly bool _committed;
    private long _producerId;
    private int _sequence;
    private int _number;
    private long _attempt;
    private string[]? _values;
    private byte[] _batch = [];

    public ClusterProducer(ClusterWorld world, int index, Randomness random)
    {
        (_world, _name, _random) = (world, $"producer{index}", random);
        _committed = index < 2;
        _producerId = 1000 * (index + 1);
        ActLater();
    }

    public bool IsDone => _values is null;

    private void ActLater() => _world.Events.After(1 + _random.Next(_random.Chance(0.1) ? 50_000 : 5_000), () =>
    {
        if (_values is null && !_world.IsHealing)
        {
            Make();
        }

        if (_values is not null)
        {
            Send();
        }
        else
        {
            ActLater();
        }
    });

    private void Make()
    {
        _values = new string[1 + _random.Next(3)];
        using var writer = new ByteWriter();
        using var builder = new RecordBatchBuilder(writer);
        builder.Begin(new BatchOptions { ProducerId = _producerId, ProducerEpoch = 0, BaseSequence = _sequence });
        for (var i = 0; i < _values.Length; i++)
        {
            _values[i] = $"{_name}-{_number++}-{new string('x', _random.Next(100))}";
            builder.Append(_world.Clock.WallMs, default, Encoding.UTF8.GetBytes(_values[i]));
        }

        builder.End();
        _batch = writer.Written.ToArray();
    }

    private void Send()
    {
        var attempt = ++_attempt;
        if (_world.Leader() is { } leader)
        {
            var life = leader.Life;
            _world.Events.After(_world.DelayUs(), () => leader.Receive(life, () => Serve(leader, attempt)));
        }

        // A silence, or a connection that has broken.
        _world.Events.After(TriesUs, () =>
        {
            if (attempt == _attempt)
            {
                Send();
            }
        });
    }

    private void Serve(ClusterNode leader, long attempt)
    {
        if (leader.Replica is not { } replica)
        {
            return;
        }

        var part = new PartitionAppend { Replica = replica };
        part.OwnBatch(_batch);
        var life = leader.Life;
        var isCommitted = _committed && _world.Bug != ClusterBug.AcknowledgedByLeaderAlone;
        var group = new Group(() => _world.Events.After(_world.DelayUs(), () => leader.Receive(life, () => Answered(attempt, part))));
        var task = new AppendTask();
        task.Begin(replica.Shard, group, isCommitted, timeoutMs: 100 + _random.Next(600));
        task.Add(part);
        replica.Shard.Loop.Post(task);
    }

    private void Answered(long attempt, PartitionAppend part)
    {
        if (attempt != _attempt || _values is null)
        {
            return;
        }

        _attempt++;
        _world.Say($"{_name}: {part.Error} for sequence {_sequence}, {_values.Length} records at {part.BaseOffset}");
        switch (part.Error)
        {
            case ErrorCode.None:
                if (_committed)
                {
                    _world.Acknowledge(part.BaseOffset, _values);
                }

                _sequence += _values.Length;
                _values = null;
                break;
            case ErrorCode.OutOfOrderSequenceNumber:
                ViolationException.Unless(!_committed, $"{_name}: {part.Error} for {_values[0]} with sequence {_sequence}");
                _producerId++;
                _sequence = 0;
                _values = null;
                break;
            case ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError or ErrorCode.RequestTimedOut
                or ErrorCode.NotEnoughReplicas or ErrorCode.NotEnoughReplicasAfterAppend:
                break;
            default:
                throw new ViolationException($"{_name}: {part.Error} for {_values[0]}");
        }

        ActLater();
    }

    private sealed class Group : AppendGroup
    {
        private readonly Action _done;

        public Group(Action done)
        {
            _done = done;
            Arm(1);
        }

        protected override void Appended()
        {
        }

        protected override void Acknowledged() => _done();
    }
}
