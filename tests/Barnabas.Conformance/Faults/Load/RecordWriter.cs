using System.Text;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Seams;
using Barnabas.Conformance.Support;
using Barnabas.Messages;
using Barnabas.Protocol.Records;

namespace Barnabas.Conformance.Faults.Load;

/// <summary>How a writer asks.</summary>
/// <param name="Acks">1 or -1.</param>
/// <param name="IsIdempotent">True to send again, after a restart, what nobody answered.</param>
internal sealed record WriterKind(short Acks, bool IsIdempotent);

/// <summary>One batch of numbered records.</summary>
internal sealed class SentBatch(long first, int count, int sequence)
{
    public long First => first;

    public int Count => count;

    public int Sequence => sequence;

    /// <summary>When it was made, wall-clock milliseconds.</summary>
    public long TimestampMs { get; } = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    /// <summary>Where the broker says that it lies, once it was acknowledged.</summary>
    public long Offset { get; set; } = -1;
}

/// <summary>Writes numbered records to one partition, some batches at a time, and knows which were acknowledged where.</summary>
internal sealed class RecordWriter(int id, PartitionModel partition, WriterKind kind, Randomness random)
    : LoadActor($"writer {id} of {partition}", random)
{
    private const short Version = 9;
    private const int WindowMax = 5; // what an idempotent producer of Kafka has on its way
    private readonly Queue<SentBatch> _unanswered = new();
    private long _producerId = -1;
    private short _producerEpoch = -1;
    private long _nextNumber;
    private int _nextSequence;
    private long _lastSeen = -1;
    private bool _hasLost;
    private bool _mayBeForgotten;
    private readonly HashSet<long> _behindUnknown = [];

    public int Id => id;

    /// <summary>Acknowledged batches that are still to be looked for, in the order of their offsets.</summary>
    public List<SentBatch> Acknowledged { get; } = [];

    /// <summary>The offset behind the last acknowledged record.</summary>
    public long AcknowledgedEnd => Acknowledged.Count == 0 ? 0 : Acknowledged[^1].Offset + Acknowledged[^1].Count;

    /// <inheritdoc/>
    public override void Verify(MessageConnection connection, Promise promise)
    {
        // The partition looks for the records of all its writers.
    }

    /// <summary>Reading begins again from the partition's first record, so what was seen comes again.</summary>
    public void LooksAgain() => _lastSeen = -1;

    /// <summary>A record of this writer is there.</summary>
    public void See(long number, long offset, bool isFirstOfLog)
    {
        var isNext = number == _lastSeen + 1 || (number > _lastSeen && _behindUnknown.Contains(number));
        var follows = kind.IsIdempotent && !_hasLost && !isFirstOfLog && _lastSeen >= 0 ? isNext : number > _lastSeen;
        LossException.Unless(follows, $"{Name}: record {number} at {offset} follows {_lastSeen}");
        _lastSeen = number;
    }

    /// <summary>
    /// A clean stop was begun: its snapshot holds the last batch of a producer, as Kafka's does, and so the broker may not know the others
    /// again that were on their way.
    /// </summary>
    public void MayBeForgotten() => _mayBeForgotten = true;

    /// <summary>
    /// The end of the log was lost, and what is in holes, as it may be: what was acknowledged there is forgotten, and sequences begin anew.
    /// </summary>
    public int Forget(long end, List<(long From, long To)> holes)
    {
        _hasLost = true;
        _lastSeen = -1;
        _producerId = -1;
        _unanswered.Clear();
        return Acknowledged.RemoveAll(batch => batch.Offset + batch.Count > end
            || holes.Exists(hole => batch.Offset < hole.To && batch.Offset + batch.Count > hole.From));
    }

    /// <inheritdoc/>
    protected override void Work(MessageConnection connection)
    {
        if (kind.IsIdempotent && _producerId < 0)
        {
            Introduce(connection);
        }

        // An idempotent producer sends again what it has no answer for; another does not know, and goes on behind it.
        var again = new Queue<SentBatch>(kind.IsIdempotent ? _unanswered : []);
        _unanswered.Clear();
        while (true)
        {
            while (_unanswered.Count < WindowMax)
            {
                var batch = again.TryDequeue(out var old) ? old : Next();
                _unanswered.Enqueue(batch);
                connection.Send(Request(batch), Version);
                HasSent();
            }

            var answer = connection.Receive<ProduceResponse>(Version).Responses[0].PartitionResponses[0];
            if (answer.ErrorCode == ErrorCode.OutOfOrderSequenceNumber && _mayBeForgotten)
            {
                GoOnBehind(connection);
                again.Clear();
                continue;
            }

            _mayBeForgotten = false;
            CheckDone(answer.ErrorCode, $"records from {_unanswered.Peek().First}");
            var done = _unanswered.Dequeue();
            done.Offset = answer.BaseOffset;
            Acknowledged.Add(done);
            HasAnswer();
        }
    }

    /// <summary>Some of what is on its way is there and some is not, and nobody will know: another producer goes on behind it.</summary>
    private void GoOnBehind(MessageConnection connection)
    {
        for (var i = 1; i < _unanswered.Count; i++)
        {
            connection.Receive<ProduceResponse>(Version);
        }

        _unanswered.Clear();
        _behindUnknown.Add(_nextNumber);
        _mayBeForgotten = false;
        Introduce(connection);
    }

    private void Introduce(MessageConnection connection)
    {
        var request = new InitProducerIdRequest { TransactionalId = null, TransactionTimeoutMs = 60_000 };
        var answer = connection.Call<InitProducerIdResponse>(request, 4);
        CheckDone(answer.ErrorCode, "a producer id");
        (_producerId, _producerEpoch, _nextSequence) = (answer.ProducerId, answer.ProducerEpoch, 0);
    }

    private SentBatch Next()
    {
        var batch = new SentBatch(_nextNumber, 1 + Random.Next(20), kind.IsIdempotent ? _nextSequence : -1);
        _nextNumber += batch.Count;
        _nextSequence += batch.Count;
        return batch;
    }

    private ProduceRequest Request(SentBatch batch) => new()
    {
        Acks = kind.Acks,
        TimeoutMs = 60_000,
        TopicData =
        [
            new ProduceRequest.TopicProduceData
            {
                Name = partition.Topic,
                PartitionData = [new() { Index = partition.Number, Records = Bytes(batch) }],
            },
        ],
    };

    private byte[] Bytes(SentBatch batch)
    {
        using var output = new ByteWriter();
        using var builder = new RecordBatchBuilder(output);
        builder.Begin(new BatchOptions
        {
            ProducerId = kind.IsIdempotent ? _producerId : -1,
            ProducerEpoch = kind.IsIdempotent ? _producerEpoch : (short)-1,
            BaseSequence = batch.Sequence,
        });
        for (var i = 0; i < batch.Count; i++)
        {
            var number = batch.First + i;
            builder.Append(batch.TimestampMs, OptionalBytes.Null, Encoding.ASCII.GetBytes(LogReader.Value(id, number)));
        }

        builder.End();
        return output.Written.ToArray();
    }
}
