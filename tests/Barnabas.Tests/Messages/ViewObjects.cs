using System.Text;
using Barnabas.Base.Bytes;
using Barnabas.Messages;
using Barnabas.Messages.Views;

namespace Barnabas.Tests.Messages;

/// <summary>From views to objects and from objects through the response writers, so that both sides can be compared.</summary>
internal static class ViewObjects
{
    public static ProduceRequest Of(ProduceRequestView view, byte[] frame)
    {
        var request = new ProduceRequest
        {
            TransactionalId = view.HasTransactionalId ? Encoding.UTF8.GetString(view.TransactionalId) : null,
            Acks = view.Acks, TimeoutMs = view.TimeoutMs,
        };
        var cursor = view.Cursor();
        while (cursor.NextTopic())
        {
            var topic = new ProduceRequest.TopicProduceData { Name = Encoding.UTF8.GetString(cursor.TopicName), TopicId = cursor.TopicId };
            request.TopicData.Add(topic);
            while (cursor.NextPartition())
            {
                var records = cursor.RecordsLength < 0 ? null : frame.AsSpan(cursor.RecordsOffset, cursor.RecordsLength).ToArray();
                topic.PartitionData.Add(new() { Index = cursor.Partition, Records = records });
            }

            Assert.Equal(cursor.PartitionCount, topic.PartitionData.Count);
        }

        Assert.Equal(view.TopicCount, request.TopicData.Count);
        return request;
    }

    public static FetchRequest Of(FetchRequestView view)
    {
        var request = new FetchRequest
        {
            ClusterId = view.HasClusterId ? Encoding.UTF8.GetString(view.ClusterId) : null,
            ReplicaId = view.Version <= 14 ? view.ReplicaId : -1,
            MaxWaitMs = view.MaxWaitMs, MinBytes = view.MinBytes, MaxBytes = view.MaxBytes, IsolationLevel = view.IsolationLevel,
            SessionId = view.SessionId, SessionEpoch = view.SessionEpoch, RackId = Encoding.UTF8.GetString(view.RackId),
        };
        if (view.Version >= 15)
        {
            request.ReplicaState = new() { ReplicaId = view.ReplicaId, ReplicaEpoch = view.ReplicaEpoch };
        }

        var cursor = view.Cursor();
        while (cursor.NextTopic())
        {
            var topic = new FetchRequest.FetchTopic { Topic = Encoding.UTF8.GetString(cursor.TopicName), TopicId = cursor.TopicId };
            request.Topics.Add(topic);
            while (cursor.NextPartition())
            {
                topic.Partitions.Add(new()
                {
                    Partition = cursor.Partition, CurrentLeaderEpoch = cursor.CurrentLeaderEpoch, FetchOffset = cursor.FetchOffset,
                    LastFetchedEpoch = cursor.LastFetchedEpoch, LogStartOffset = cursor.LogStartOffset,
                    PartitionMaxBytes = cursor.PartitionMaxBytes, ReplicaDirectoryId = cursor.ReplicaDirectoryId,
                    HighWatermark = cursor.HighWatermark,
                });
            }
        }

        Assert.Equal(view.TopicCount, request.Topics.Count);
        var forgotten = view.ForgottenCursor();
        while (forgotten.NextTopic())
        {
            var topic = new FetchRequest.ForgottenTopic
            {
                Topic = Encoding.UTF8.GetString(forgotten.TopicName), TopicId = forgotten.TopicId,
            };
            request.ForgottenTopicsData.Add(topic);
            while (forgotten.NextPartition())
            {
                topic.Partitions.Add(forgotten.Partition);
            }
        }

        return request;
    }

    public static void Write(ByteWriter writer, ProduceResponse response, short version)
    {
        var pieces = new ProduceResponseWriter(writer, version, response.Responses.Count);
        foreach (var topic in response.Responses)
        {
            pieces.Topic(Encoding.UTF8.GetBytes(topic.Name), topic.TopicId, topic.PartitionResponses.Count);
            foreach (var partition in topic.PartitionResponses)
            {
                pieces.Partition(new ProducedPartition
                {
                    Index = partition.Index, Error = partition.ErrorCode, BaseOffset = partition.BaseOffset,
                    LogAppendTimeMs = partition.LogAppendTimeMs, LogStartOffset = partition.LogStartOffset,
                    RecordErrors = partition.RecordErrors, ErrorMessage = partition.ErrorMessage,
                    CurrentLeaderId = partition.CurrentLeader.LeaderId, CurrentLeaderEpoch = partition.CurrentLeader.LeaderEpoch,
                });
            }
        }

        pieces.End(response.ThrottleTimeMs, response.NodeEndpoints);
    }

    /// <summary>The bytes of the response writer with the records put in where it says.</summary>
    public static byte[] Written(FetchResponse response, short version)
    {
        using var writer = new ByteWriter();
        var splices = new List<(int Position, byte[] Records)>();
        var pieces = new FetchResponseWriter(
            writer, version, response.ThrottleTimeMs, response.ErrorCode, response.SessionId, response.Responses.Count);
        foreach (var topic in response.Responses)
        {
            pieces.Topic(Encoding.UTF8.GetBytes(topic.Topic), topic.TopicId, topic.Partitions.Count);
            foreach (var partition in topic.Partitions)
            {
                splices.Add((pieces.Partition(Fetched(partition)), partition.Records ?? []));
            }
        }

        pieces.End(response.NodeEndpoints);
        var bytes = new List<byte>();
        var from = 0;
        foreach (var (position, records) in splices)
        {
            bytes.AddRange(writer.Written[from..position]);
            bytes.AddRange(records);
            from = position;
        }

        bytes.AddRange(writer.Written[from..]);
        return bytes.ToArray();
    }

    private static FetchedPartition Fetched(FetchResponse.PartitionData partition) => new()
    {
        Index = partition.PartitionIndex, Error = partition.ErrorCode, HighWatermark = partition.HighWatermark,
        LastStableOffset = partition.LastStableOffset, LogStartOffset = partition.LogStartOffset,
        DivergingEpoch = partition.DivergingEpoch.Epoch, DivergingEndOffset = partition.DivergingEpoch.EndOffset,
        CurrentLeaderId = partition.CurrentLeader.LeaderId, CurrentLeaderEpoch = partition.CurrentLeader.LeaderEpoch,
        SnapshotEndOffset = partition.SnapshotId.EndOffset, SnapshotEpoch = partition.SnapshotId.Epoch,
        HasAbortedTransactions = partition.AbortedTransactions is not null,
        AbortedTransactions =
            (partition.AbortedTransactions ?? [])
                .Select(aborted => new AbortedTransaction(aborted.ProducerId, aborted.FirstOffset)).ToArray(),
        PreferredReadReplica = partition.PreferredReadReplica, RecordsLength = partition.Records?.Length ?? -1,
    };
}
