using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Seams;
using Barnabas.Conformance.Support;
using Barnabas.Messages;
using Barnabas.Protocol.Records;

namespace Barnabas.Conformance.Faults.Load;

/// <summary>
/// The one writer of a compacted partition: puts and deletes keys, idempotent, in transactions that end either way or in none, and knows
/// what everybody has to see of each key afterwards. What was superseded may have gone or not. One batch at a time, for of a producer's
/// batches compaction keeps the last.
/// </summary>
internal sealed class KeyedWriter(string topic, bool isTransactional, Randomness random) : LoadActor($"keys of {topic}", random)
{
    private const short ProduceVersion = 9, MarkerVersion = 1;
    private const int Keys = 200;
    private readonly KeyedModel _model = new(topic, Keys);
    private readonly Queue<SentTransaction> _abandoned = new();
    private KeyedRecord[]? _unanswered;
    private SentTransaction? _transaction;
    private SentTransaction? _ended;
    private long _producerId = -1;
    private short _producerEpoch;
    private int _nextSequence;
    private long _nextNumber;

    public string Topic => topic;

    /// <summary>What has to be there.</summary>
    public KeyedModel Model => _model;

    /// <inheritdoc/>
    public override void Verify(MessageConnection connection, Promise promise)
    {
        if (promise.MayLose)
        {
            // The producer's sequences may be lost too: another one goes on, and what this one left open is aborted.
            Abandon();
        }

        _model.Verify(connection, promise, hasOpen: _transaction is not null || promise.MayLose);
    }

    /// <inheritdoc/>
    protected override void Work(MessageConnection connection)
    {
        while (_abandoned.TryPeek(out var old))
        {
            End(connection, old);
            _abandoned.Dequeue();
        }

        if (_producerId < 0)
        {
            Introduce(connection);
        }

        while (true)
        {
            if (_unanswered is null && _transaction is { } open && (open.IsEnding || Random.Chance(0.2)))
            {
                open.Commits = open.IsEnding ? open.Commits : Random.Chance(0.6);
                End(connection, open);
                (_transaction, _ended) = (null, open);
            }

            Append(connection, _unanswered ??= Next());
        }
    }

    private void Abandon()
    {
        // Where its marker is there already, another one changes nothing.
        if ((_transaction ?? _ended) is { } last)
        {
            _abandoned.Enqueue(new SentTransaction(last.ProducerId, last.Epoch));
        }

        (_transaction, _ended, _unanswered, _producerId) = (null, null, null, -1);
    }

    private void Introduce(MessageConnection connection)
    {
        var request = new InitProducerIdRequest { TransactionalId = null, TransactionTimeoutMs = 60_000 };
        var answer = connection.Call<InitProducerIdResponse>(request, 4);
        CheckDone(answer.ErrorCode, "a producer id");
        (_producerId, _producerEpoch, _nextSequence) = (answer.ProducerId, answer.ProducerEpoch, 0);
    }

    private KeyedRecord[] Next()
    {
        if (isTransactional)
        {
            _transaction ??= new SentTransaction(_producerId, _producerEpoch);
        }

        var records = new KeyedRecord[1 + Random.Next(8)];
        for (var i = 0; i < records.Length; i++)
        {
            records[i] = new KeyedRecord(_nextNumber++, Random.Next(Keys), Random.Chance(0.15), _transaction);
            _model.Add(records[i]);
        }

        return records;
    }

    private void Append(MessageConnection connection, KeyedRecord[] records)
    {
        var request = new ProduceRequest
        {
            TransactionalId = isTransactional ? topic : null,
            Acks = -1,
            TimeoutMs = 60_000,
            TopicData =
            [
                new ProduceRequest.TopicProduceData { Name = topic, PartitionData = [new() { Records = Bytes(records) }] },
            ],
        };
        connection.Send(request, ProduceVersion);
        HasSent();
        var answer = connection.Receive<ProduceResponse>(ProduceVersion).Responses[0].PartitionResponses[0];
        CheckDone(answer.ErrorCode, $"records from {records[0].Number}");
        _model.Acknowledge(records, answer.BaseOffset);
        if (_ended is { NextOffset: < 0 } ended)
        {
            ended.NextOffset = answer.BaseOffset;
        }

        _nextSequence += records.Length;
        _unanswered = null;
        HasAnswer();
    }

    private void End(MessageConnection connection, SentTransaction transaction)
    {
        transaction.IsEnding = true;
        var request = new WriteTxnMarkersRequest
        {
            Markers =
            [
                new()
                {
                    ProducerId = transaction.ProducerId,
                    ProducerEpoch = transaction.Epoch,
                    TransactionResult = transaction.Commits,
                    Topics = [new() { Name = topic, PartitionIndexes = [0] }],
                },
            ],
        };
        connection.Send(request, MarkerVersion);
        HasSent();
        var answer = connection.Receive<WriteTxnMarkersResponse>(MarkerVersion).Markers[0].Topics[0].Partitions[0];
        CheckDone(answer.ErrorCode, "a marker");
        transaction.IsEnded = true;
        HasAnswer();
    }

    private byte[] Bytes(KeyedRecord[] records)
    {
        using var output = new ByteWriter();
        using var builder = new RecordBatchBuilder(output);
        builder.Begin(new BatchOptions
        {
            ProducerId = _producerId, ProducerEpoch = _producerEpoch, BaseSequence = _nextSequence, IsTransactional = isTransactional,
        });
        var nowMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        foreach (var record in records)
        {
            builder.Append(nowMs, record.KeyBytes, record.ValueBytes);
        }

        builder.End();
        return output.Written.ToArray();
    }
}
