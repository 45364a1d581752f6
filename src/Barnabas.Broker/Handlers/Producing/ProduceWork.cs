using System.Text;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Loops;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Messages;
using Barnabas.Messages.Views;
using Barnabas.Protocol.Records;

namespace Barnabas.Broker.Handlers.Producing;

/// <summary>
/// One Produce request from its parse to its answer, pooled with all that hangs on it, so that a request allocates nothing. Owned by the
/// connection's loop until its parts are posted, and by whichever shard acknowledges last after that.
/// </summary>
internal sealed class ProduceWork(WorkPool<ProduceWork> pool) : AppendGroup
{
    private AppendTask?[] _taskOfShard = new AppendTask?[ShardSet.Count];
    private readonly List<AppendTask> _tasks = [];
    private readonly List<AppendTask> _spareTasks = [];
    private readonly List<PartitionAppend> _spareParts = [];
    private Request _request = null!;
    private BufferLease _body = null!;
    private int _bodyOffset;
    private int _bodyLength;
    private short _acks;
    private int _timeoutMs;
    private TransactionVerifier? _verifier;

    /// <summary>The parts in the order of the request.</summary>
    public List<PartitionAppend> Parts { get; } = [];

    /// <summary>The request being answered.</summary>
    public Request Request => _request;

    /// <summary>The body, which the work holds until it is answered.</summary>
    public Span<byte> Body => _body.Span.Slice(_bodyOffset, _bodyLength);

    /// <summary>Takes hold of a request.</summary>
    public void Begin(Request request, short acks, int timeoutMs)
    {
        _request = request;
        _body = request.Lease;
        _body.Retain();
        _bodyOffset = request.BodyOffset;
        _bodyLength = request.BodyLength;
        _acks = acks;
        _timeoutMs = timeoutMs;
    }

    /// <summary>One more partition, at the end.</summary>
    public PartitionAppend AddPart()
    {
        PartitionAppend part;
        if (_spareParts.Count > 0)
        {
            part = _spareParts[^1];
            _spareParts.RemoveAt(_spareParts.Count - 1);
        }
        else
        {
            part = new PartitionAppend();
        }

        part.Reset();
        Parts.Add(part);
        return part;
    }

    /// <summary>The bytes of a batch that lies in the body.</summary>
    public Base.Seams.BytePiece Piece(int offset, int length) => _body.Piece(_bodyOffset + offset, length);

    /// <summary>Parts that are held when they come to their partitions are asked about, and posted again.</summary>
    public void MayAsk(TransactionVerifier verifier) => _verifier = verifier;

    /// <summary>Gives every part without an error to its shard, or answers at once when there is none.</summary>
    public void Append() => Append(onlyHeld: false);

    private void Append(bool onlyHeld)
    {
        foreach (var part in Parts)
        {
            if (part.Error == ErrorCode.None && (!onlyHeld || part.IsHeld))
            {
                TaskOf(part.Replica!.Shard).Add(part);
            }
        }

        if (_tasks.Count == 0)
        {
            Acknowledged();
            return;
        }

        Arm(_tasks.Count);

        // The last post may answer the request and give this work back: nothing of it is touched behind that.
        var tasks = _tasks;
        var count = tasks.Count;
        for (var i = 0; i < count; i++)
        {
            var task = tasks[i];
            task.Shard.Loop.PostOrRun(task);
        }
    }

    /// <inheritdoc/>
    protected override void Appended()
    {
        // The connection's next request has to come behind what is held.
        if (_verifier is null || !Parts.Exists(IsHeld))
        {
            _request.Applied();
        }
    }

    /// <inheritdoc/>
    protected override void Acknowledged()
    {
        if (_verifier is { } verifier && Parts.Find(IsHeld) is { } held)
        {
            Ask(verifier, held.Header);
            return;
        }

        var request = _request;
        if (_acks == 0)
        {
            var failed = Parts.Find(p => p.Error != ErrorCode.None);
            var reason = failed is null ? null : $"a produce with acks=0 failed with {failed.Error.ProtocolName()}";
            Clear();
            if (reason is null)
            {
                request.CompleteWithoutReply();
            }
            else
            {
                // Kafka's only way to tell a client that asked for no answer.
                request.CompleteAndClose(reason);
            }

            return;
        }

        WriteResponse(request);
        Clear();
        request.Complete();
    }

    private static bool IsHeld(PartitionAppend part) => part.IsHeld && part.Error == ErrorCode.None;

    private void Ask(TransactionVerifier verifier, in RecordBatchHeader producer)
    {
        var view = ProduceRequestView.Parse(Body, 0, _request.ApiVersion);
        var partitions = Parts.FindAll(IsHeld).ConvertAll(part => part.Replica!.Partition);
        var asker = new TransactionVerifier.Asker(producer.ProducerId, producer.ProducerEpoch, partitions);
        verifier.Ask(Encoding.UTF8.GetString(view.TransactionalId), asker, _request.ApiVersion, verdictOf =>
            _request.Loop.Post(new ActionTask(() => Answered(asker, verdictOf))));
    }

    private void Answered(TransactionVerifier.Asker asker, Func<TopicPartition, TransactionVerifier.Verdict> verdictOf)
    {
        foreach (var part in Parts.FindAll(IsHeld))
        {
            // Batches of one request that differ in their epoch cannot all be of the transaction that is under way.
            var verdict = part.Header.ProducerEpoch == asker.Epoch
                ? verdictOf(part.Replica!.Partition)
                : new TransactionVerifier.Verdict(ErrorCode.InvalidProducerEpoch, null);
            if (verdict.Error == ErrorCode.None)
            {
                part.Check = TransactionCheck.Passed;
            }
            else
            {
                part.Refuse(verdict.Error, verdict.Message);
            }
        }

        ReturnTasks();
        Append(onlyHeld: true);
    }

    private void WriteResponse(Request request)
    {
        var view = ProduceRequestView.Parse(Body, 0, request.ApiVersion);
        var response = new ProduceResponseWriter(request.Reply, request.ApiVersion, view.TopicCount);
        var cursor = view.Cursor();
        var next = 0;
        while (cursor.NextTopic())
        {
            response.Topic(cursor.TopicName, cursor.TopicId, cursor.PartitionCount);
            while (cursor.NextPartition())
            {
                WritePart(ref response, cursor.Partition, Parts[next++]);
            }
        }

        response.End(throttleMs: 0);
    }

    private static void WritePart(ref ProduceResponseWriter response, int index, PartitionAppend part)
    {
        var moved = part.Error == ErrorCode.NotLeaderOrFollower ? part.Replica?.State : null;
        response.Partition(new ProducedPartition
        {
            Index = index,
            Error = part.Error,
            BaseOffset = part.BaseOffset,
            LogAppendTimeMs = part.LogAppendTimeMs,
            LogStartOffset = part.LogStartOffset,
            RecordErrors = RecordErrorsOf(part),
            ErrorMessage = part.ErrorMessage,
            CurrentLeaderId = moved?.LeaderId ?? -1,
            CurrentLeaderEpoch = moved?.LeaderEpoch ?? -1,
        });
    }

    private static List<ProduceResponse.BatchIndexAndErrorMessage>? RecordErrorsOf(PartitionAppend part) =>
        part.RecordErrors?.Errors.Select(e => new ProduceResponse.BatchIndexAndErrorMessage
        {
            BatchIndex = e.BatchIndex,
            BatchIndexErrorMessage = e.Message,
        }).ToList();

    private AppendTask TaskOf(PartitionShard shard)
    {
        if (shard.Index >= _taskOfShard.Length)
        {
            // The shards of one more log directory.
            Array.Resize(ref _taskOfShard, shard.Index + ShardSet.Count);
        }

        var task = _taskOfShard[shard.Index];
        if (task is not null)
        {
            return task;
        }

        if (_spareTasks.Count > 0)
        {
            task = _spareTasks[^1];
            _spareTasks.RemoveAt(_spareTasks.Count - 1);
        }
        else
        {
            task = new AppendTask();
        }

        task.Begin(shard, this, committed: _acks == -1, _timeoutMs);
        _taskOfShard[shard.Index] = task;
        _tasks.Add(task);
        return task;
    }

    private void ReturnTasks()
    {
        foreach (var task in _tasks)
        {
            _taskOfShard[task.Shard.Index] = null;
        }

        _spareTasks.AddRange(_tasks);
        _tasks.Clear();
    }

    private void Clear()
    {
        ReturnTasks();
        _spareParts.AddRange(Parts);
        _verifier = null;
        Parts.Clear();
        _body.Release();
        _body = null!;
        _request = null!;
        pool.Return(this);
    }
}
