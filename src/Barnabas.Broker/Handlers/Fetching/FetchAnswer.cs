using Barnabas.Base;
using Barnabas.Broker.Network;
using Barnabas.Messages.Views;

namespace Barnabas.Broker.Handlers.Fetching;

/// <summary>Writes the answer to a fetch: headers into the reply, records as slices of their files between them.</summary>
internal static class FetchAnswer
{
    private const short FirstVersionById = 13;

    /// <summary>An answer that says only what is wrong with the request or its session.</summary>
    public static void WriteRefusal(Request request, ErrorCode error)
    {
        var response = new FetchResponseWriter(request.Reply, request.ApiVersion, throttleMs: 0, error, sessionId: 0, topicCount: 0);
        response.End();
    }

    /// <summary>
    /// As Kafka says that it failed: an error for the request, and for versions that had no such thing for each partition that it names.
    /// </summary>
    public static void WriteRefusal(Request request, in FetchRequestView view, ErrorCode error)
    {
        var topics = request.ApiVersion < FirstVersionById ? view.TopicCount : 0;
        var response = new FetchResponseWriter(request.Reply, request.ApiVersion, throttleMs: 0, error, view.SessionId, topics);
        var cursor = view.Cursor();
        while (topics-- > 0 && cursor.NextTopic())
        {
            response.Topic(cursor.TopicName, cursor.TopicId, cursor.PartitionCount);
            while (cursor.NextPartition())
            {
                response.Partition(new FetchedPartition { Index = cursor.Partition, Error = error, HasAbortedTransactions = true });
            }
        }

        response.End();
    }

    /// <summary>Everything that was read and is to be told; remembers in the session what the client knows now.</summary>
    public static void Write(Request request, FetchReads reads, FetchSession? session)
    {
        var response = new FetchResponseWriter(
            request.Reply, request.ApiVersion, throttleMs: 0, ErrorCode.None, session?.Id ?? 0, CountTopics(reads));
        for (var i = NextTold(reads, 0); i < reads.Count;)
        {
            var end = TopicEnd(reads, i, out var partitions);
            var first = reads.Wanted(i);
            response.Topic(first.TopicName, first.TopicId, partitions);
            for (; i < end; i++)
            {
                if (reads.Result(i).IsTold)
                {
                    WritePartition(request, ref response, reads.Wanted(i), ref reads.Result(i), reads.ReadsCommitted);
                }
            }

            i = NextTold(reads, i);
        }

        response.End();
        if (session is not null)
        {
            Remember(reads, session);
        }
    }

    private static void WritePartition(
        Request request, ref FetchResponseWriter response, FetchPartition wanted, ref FetchRead read, bool committed)
    {
        var state = wanted.Replica?.State;
        var moved = read.Error == ErrorCode.FencedLeaderEpoch
            || (read.Error == ErrorCode.NotLeaderOrFollower && state is { IsLeader: false })
            ? state
            : null;
        var view = read.View;
        var aborted = read.Aborted is { Count: > 0 } listed ? listed.Select(Told).ToArray() : [];
        var isUnknown = read.Error is ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId;
        var at = response.Partition(new FetchedPartition
        {
            Index = wanted.Partition,
            Error = read.Error,
            HighWatermark = view?.HighWatermark ?? -1,
            LastStableOffset = view?.LastStableOffset ?? -1,
            LogStartOffset = view?.LogStartOffset ?? -1,
            DivergingEpoch = read.DivergingEpoch,
            DivergingEndOffset = read.DivergingEndOffset,
            CurrentLeaderId = moved?.LeaderId ?? -1,
            CurrentLeaderEpoch = moved?.LeaderEpoch ?? -1,
            AbortedTransactions = aborted,
            HasAbortedTransactions = isUnknown || read.Aborted is not null || (committed && read.DivergingEpoch >= 0),
            RecordsLength = read.RecordBytes,
        });
        // The reply takes over the reference.
        read.Length = read.RecordBytes;
        if (read.Aside is { } aside)
        {
            read.Aside = null;
            request.AddSlice(at, aside, 0, aside.Length, aside);
        }
        else if (!read.Records.IsEmpty)
        {
            var records = read.Records;
            read.Records = default;
            request.AddSlice(at, records.Data, records.Position, records.Length, records.Lease);
        }
    }

    private static AbortedTransaction Told(Log.Indexes.AbortedTransaction aborted) => new(aborted.ProducerId, aborted.FirstOffset);

    private static void Remember(FetchReads reads, FetchSession session)
    {
        for (var i = 0; i < reads.Count; i++)
        {
            ref var read = ref reads.Result(i);
            if (!read.IsTold)
            {
                continue;
            }

            // After an error the client knows nothing of the partition.
            var wanted = reads.Wanted(i);
            wanted.ToldHighWatermark = read.View?.HighWatermark ?? -1;
            wanted.ToldLogStart = read.View?.LogStartOffset ?? -1;
            if (read.Length > 0)
            {
                session.MoveToEnd(wanted);
            }
        }
    }

    private static int CountTopics(FetchReads reads)
    {
        var topics = 0;
        for (var i = NextTold(reads, 0); i < reads.Count; i = NextTold(reads, TopicEnd(reads, i, out _)))
        {
            topics++;
        }

        return topics;
    }

    private static int NextTold(FetchReads reads, int index)
    {
        while (index < reads.Count && !reads.Result(index).IsTold)
        {
            index++;
        }

        return index;
    }

    /// <summary>The index after the last partition that is told under the same topic heading.</summary>
    private static int TopicEnd(FetchReads reads, int start, out int partitions)
    {
        var first = reads.Wanted(start);
        partitions = 0;
        var index = start;
        for (; index < reads.Count; index++)
        {
            if (!reads.Result(index).IsTold)
            {
                continue;
            }

            var wanted = reads.Wanted(index);
            if (wanted.TopicId != first.TopicId || !wanted.TopicName.AsSpan().SequenceEqual(first.TopicName))
            {
                break;
            }

            partitions++;
        }

        return index;
    }
}
