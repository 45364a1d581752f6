using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Log.Lookups;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Partitions;

/// <summary>
/// Finds offsets by timestamp. Those that the published view knows are answered at once; where files have to be read, the request goes to
/// a loop of its own.
/// </summary>
/// <param name="partitions">Where partitions are found.</param>
/// <param name="lookups">A loop on the background pool.</param>
internal sealed class ListOffsetsHandler(PartitionFinder partitions, Loop lookups) : MessageHandler<ListOffsetsRequest>(ApiKey.ListOffsets)
{
    private const int ConsumerId = -1;
    private const int DebuggingId = -2;
    private const sbyte ReadCommitted = 1;
    private const short FirstVersionWithEpochs = 4;
    private const short FirstVersionWithOffsetNotAvailable = 5;

    /// <inheritdoc/>
    protected override void Handle(Request request, ListOffsetsRequest message)
    {
        var questions = OffsetQuestions.Of(message);
        var isLevelKnown = message.IsolationLevel is 0 or ReadCommitted;
        var limit = message.ReplicaId != ConsumerId ? ReadLimit.LogEnd
            : message.IsolationLevel == ReadCommitted ? ReadLimit.LastStable
            : ReadLimit.HighWatermark;
        var slow = new Queue<OffsetQuestion>();
        foreach (var question in questions.All)
        {
            var error = isLevelKnown ? Find(question, message.ReplicaId, request.ApiVersion) : ErrorCode.UnknownServerError;
            if (error != ErrorCode.None)
            {
                question.Refuse(error);
            }
            else if (!TryAnswer(question, limit, message.ReplicaId == ConsumerId))
            {
                slow.Enqueue(question);
            }
        }

        if (slow.Count == 0)
        {
            Answer(request, questions);
            return;
        }

        lookups.Post(new LookupTask(lookups, slow, limit, () => Answer(request, questions)));
    }

    private static void Answer(Request request, OffsetQuestions questions)
    {
        if (request.ApiVersion < FirstVersionWithEpochs)
        {
            questions.LeaveEpochsOut();
        }

        if (request.ApiVersion < FirstVersionWithOffsetNotAvailable)
        {
            questions.Replace(ErrorCode.OffsetNotAvailable, ErrorCode.LeaderNotAvailable);
        }

        request.Complete(questions.Response);
    }

    private ErrorCode Find(OffsetQuestion question, int replicaId, short version)
    {
        if (question.IsAskedTwice)
        {
            return ErrorCode.InvalidRequest;
        }

        if (version < SpecialOffsets.FirstVersionOf(question.Timestamp))
        {
            return ErrorCode.UnsupportedVersion;
        }

        var error = replicaId == DebuggingId
            ? partitions.Find(question.Topic, question.Partition, question.LeaderEpoch, out var replica)
            : partitions.FindLeader(question.Topic, question.Partition, question.LeaderEpoch, out replica);
        question.Replica = replica;
        return error;
    }

    // False for what only files can tell.
    private static bool TryAnswer(OffsetQuestion question, ReadLimit limit, bool isConsumer)
    {
        var state = question.Replica.State;
        var view = question.Replica.View;

        // A new leader does not know yet what was committed before it: until it does, it knows no latest offset.
        question.IsLatestUnknown = isConsumer && !view.KnowsWhatWasCommittedBefore(state.LeaderEpoch);
        switch (question.Timestamp)
        {
            case SpecialOffsets.Latest when question.IsLatestUnknown:
                question.Refuse(ErrorCode.OffsetNotAvailable);
                return true;
            case SpecialOffsets.Latest:
                question.Answer(new TimestampedOffset(view.OffsetOf(limit), -1, state.LeaderEpoch));
                return true;
            case SpecialOffsets.Earliest or SpecialOffsets.EarliestLocal:
                question.Answer(LogLookup.Earliest(view));
                return true;
            case SpecialOffsets.LatestTiered or SpecialOffsets.EarliestPendingUpload:
                // Nothing is kept elsewhere: Kafka's answer is that there is no such offset.
                question.Answer(null);
                return true;
            default:
                return false;
        }
    }

    /// <summary>
    /// Looks one question up at a time and queues itself again, so that requests with many partitions leave room for others. Owned by the
    /// loop of the look-ups.
    /// </summary>
    private sealed class LookupTask(Loop loop, Queue<OffsetQuestion> questions, ReadLimit limit, Action ended) : LoopTask
    {
        public override void Run()
        {
            questions.Dequeue().LookUp(limit);
            if (questions.Count > 0)
            {
                loop.Post(this);
                return;
            }

            ended();
        }
    }
}
