using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Partitions;
using Barnabas.Messages;
using Barnabas.Messages.Views;
using Barnabas.Protocol.Records;

namespace Barnabas.Broker.Handlers.Producing;

/// <summary>
/// Produce: checks every batch on the loop that read it, or beside it where records have to be opened, and gives the batches to the shards
/// of their partitions.
/// </summary>
/// <param name="replicas">Where partitions are found.</param>
/// <param name="slow">A loop on the background pool, for batches that have to be opened or written anew.</param>
/// <param name="clock">Read once a request.</param>
/// <param name="verifier">Asked about the batches of transactions.</param>
/// <param name="opensCompressed"><c>barnabas.produce.check=records</c>, as it is now.</param>
internal sealed class ProduceHandler(
    ReplicaTable replicas, Loop slow, IClock clock, TransactionVerifier verifier, Func<bool> opensCompressed) : IRequestHandler
{
    private readonly WorkPool<ProduceWork> _pool = new(pool => new ProduceWork(pool));

    /// <inheritdoc/>
    public ApiKey Key => ApiKey.Produce;

    private long NowMs => clock.WallMs;

    /// <inheritdoc/>
    public void Handle(Request request)
    {
        var view = ProduceRequestView.Parse(request.Body, 0, request.ApiVersion);
        var work = _pool.Rent();
        work.Begin(request, view.Acks, view.TimeoutMs);
        Read(view, work);
        if (NeedsSlowWork(work))
        {
            slow.Post(new SlowCheck(this, work));
            return;
        }

        work.Append();
    }

    private static bool NeedsSlowWork(ProduceWork work)
    {
        foreach (var part in work.Parts)
        {
            if (part.Work != BatchWork.None)
            {
                return true;
            }
        }

        return false;
    }

    private void Read(in ProduceRequestView view, ProduceWork work)
    {
        var nowMs = NowMs;
        var refusal = view.Acks is < -1 or > 1 ? ErrorCode.InvalidRequiredAcks : ErrorCode.None;
        var transaction = new TransactionOfRequest(view, verifier);
        var failure = ErrorCode.None;
        string? failureMessage = null;
        var cursor = view.Cursor();
        while (cursor.NextTopic())
        {
            var known = view.Version >= 13
                ? replicas.TryFind(cursor.TopicId, out var topic)
                : replicas.TryFind(cursor.TopicName, out topic);
            while (cursor.NextPartition())
            {
                var part = work.AddPart();
                var records = work.Body.Slice(cursor.RecordsOffset, Math.Max(0, cursor.RecordsLength));
                var frame = BatchFrame.Read(records, view.Version);
                part.Replica = known ? topic!.Find(cursor.Partition) : null;
                if (failure == ErrorCode.None && (frame.FailsRequest || IsStrayTransaction(frame, view)))
                {
                    failure = frame.FailsRequest ? frame.Error : ErrorCode.TransactionalIdAuthorizationFailed;
                    failureMessage = frame.Message;
                }

                var error = part.Replica is not null && refusal != ErrorCode.None ? refusal : PartRefusal(frame, part, view.Version);
                if (error != ErrorCode.None)
                {
                    part.Refuse(error);
                    continue;
                }

                part.Batch = work.Piece(cursor.RecordsOffset, frame.SizeBytes);
                if (frame.IsTransactional)
                {
                    part.Check = transaction.CheckOf(part.Batch.Span);
                }

                Take(part, BatchCheck.Check(part.Batch.Span, Rules(part.Replica!, nowMs)), nowMs);
            }
        }

        if (failure == ErrorCode.None && transaction.HasSeveralProducers)
        {
            failure = ErrorCode.InvalidProducerIdMapping;
            failureMessage = TransactionOfRequest.SeveralProducers;
        }

        if (failure == ErrorCode.None && transaction.IsChecked)
        {
            work.MayAsk(verifier);
        }

        if (failure != ErrorCode.None)
        {
            work.Parts.ForEach(p => p.Refuse(failure, failureMessage));
        }
    }

    private static ErrorCode PartRefusal(in BatchFrame frame, PartitionAppend part, short version)
    {
        if (part.Replica is null)
        {
            return version >= 13 ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition;
        }

        if (frame.Error != ErrorCode.None)
        {
            return frame.Error;
        }

        // What lives on them replays its own records only.
        return TopicNames.IsInternal(part.Replica.Partition.Topic) ? ErrorCode.InvalidTopicException : part.Replica.CheckLeader(-1);
    }

    // A batch of a transaction in a request that names none fails all of the request.
    private static bool IsStrayTransaction(in BatchFrame frame, in ProduceRequestView view) =>
        frame.IsTransactional && !view.HasTransactionalId;

    private BatchRules Rules(Replica replica, long nowMs)
    {
        var config = replica.State.Config;
        return new BatchRules
        {
            Topic = replica.Partition.Topic,
            Partition = replica.Partition.Partition,
            NowMs = nowMs,
            TimestampType = config.TimestampType,
            TimestampBeforeMaxMs = config.TimestampBeforeMaxMs,
            TimestampAfterMaxMs = config.TimestampAfterMaxMs,
            KeysRequired = (config.Cleanup & Log.CleanupPolicy.Compact) != 0,
            BatchBytesMax = config.MaxMessageBytes,
            StoredCompression = config.StoredCompression,
            StoredCompressionLevel = config.StoredCompressionLevel,
            OpensCompressed = opensCompressed(),
        };
    }

    private void Take(PartitionAppend part, in BatchVerdict verdict, long nowMs)
    {
        if (verdict.Error != ErrorCode.None)
        {
            part.Refuse(verdict.Error, verdict.Message);
            part.RecordErrors = verdict.RecordErrors;
            if (verdict.Error is not (ErrorCode.CorruptMessage or ErrorCode.MessageTooLarge))
            {
                // Kafka's answer to records that it refused says where the log starts; to bytes that it did not look into, it does not.
                part.LogStartOffset = part.Replica!.View.LogStartOffset;
            }

            return;
        }

        part.Header = verdict.Header;
        part.Work = verdict.Work;
        if (verdict.Work == BatchWork.None)
        {
            verdict.Stamp(part.Batch.Span, Rules(part.Replica!, nowMs));
            RecordBatchHeader.TryRead(part.Batch.Span, out var stamped);
            part.Header = stamped;
        }
    }

    private void Open(PartitionAppend part, long nowMs)
    {
        var rules = Rules(part.Replica!, nowMs);
        if (part.Work == BatchWork.Open)
        {
            part.Work = BatchWork.None;
            Take(part, BatchCheck.Open(part.Batch.Span, part.Header, rules), nowMs);
            return;
        }

        part.Work = BatchWork.None;
        using var output = new Base.Bytes.ByteWriter(part.Batch.Length + 4096);
        var verdict = BatchRewriter.Rewrite(part.Batch.Span, part.Header, rules, output);
        if (verdict.Error != ErrorCode.None)
        {
            Take(part, verdict, nowMs);
            return;
        }

        part.OwnBatch(output.Written);
        part.Header = verdict.Header;
    }

    /// <summary>
    /// Opens the batches of one request on the background pool and goes on from there; owned by the pool until it has run.
    /// </summary>
    private sealed class SlowCheck(ProduceHandler handler, ProduceWork work) : LoopTask
    {
        public override void Run()
        {
            var nowMs = handler.NowMs;
            foreach (var part in work.Parts)
            {
                if (part.Error == ErrorCode.None && part.Work != BatchWork.None)
                {
                    handler.Open(part, nowMs);
                }
            }

            // Back to the connection's loop, which may run idle shards inline; the background pool may not.
            work.Request.Loop.Post(new ActionTask(work.Append));
        }
    }
}
