using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Partitions;

/// <summary>
/// Ends transactions on the partitions that this broker leads, for the coordinator that decided it: one control batch a partition, answered
/// when it is replicated.
/// </summary>
/// <param name="partitions">Where partitions are found.</param>
/// <param name="clock">Read once a request.</param>
internal sealed class WriteTxnMarkersHandler(PartitionFinder partitions, IClock clock)
    : MessageHandler<WriteTxnMarkersRequest>(ApiKey.WriteTxnMarkers)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, WriteTxnMarkersRequest message)
    {
        var response = new WriteTxnMarkersResponse();
        var work = new MarkerWork(request, response);
        var nowMs = clock.WallMs;

        // Several markers of one producer are answered together, as Kafka does: a partition by its last.
        foreach (var producer in message.Markers.GroupBy(marker => marker.ProducerId))
        {
            var answer = new WriteTxnMarkersResponse.WritableTxnMarkerResult { ProducerId = producer.Key };
            foreach (var marker in producer)
            {
                Write(marker, answer, work, nowMs);
            }

            if (answer.Topics.Count > 0)
            {
                response.Markers.Add(answer);
            }
        }

        work.Post();
    }

    private void Write(
        WriteTxnMarkersRequest.WritableTxnMarker marker,
        WriteTxnMarkersResponse.WritableTxnMarkerResult answer,
        MarkerWork work,
        long nowMs)
    {
        // Kafka fails to build such a batch, and has no code for it.
        var isWritable = marker is { ProducerId: >= 0, ProducerEpoch: >= 0, TransactionVersion: >= 0 };
        var batch = isWritable ? Batch(marker, nowMs) : [];
        var origin = marker.TransactionVersion >= 2 ? AppendOrigin.TransactionEndV2 : AppendOrigin.TransactionEnd;
        foreach (var topic in marker.Topics)
        {
            foreach (var index in topic.PartitionIndexes)
            {
                var result = ResultOf(answer, topic.Name, index);
                var error = partitions.FindLeader(topic.Name, index, PartitionFinder.AnyEpoch, out var replica);
                result.ErrorCode = error == ErrorCode.None && !isWritable ? ErrorCode.UnknownServerError : error;
                if (result.ErrorCode == ErrorCode.None)
                {
                    var part = new PartitionAppend { Replica = replica, Origin = origin, IsCommit = marker.TransactionResult };
                    part.OwnBatch(batch);
                    work.Add(part, result);
                }
            }
        }
    }

    private static byte[] Batch(WriteTxnMarkersRequest.WritableTxnMarker marker, long nowMs)
    {
        using var bytes = MarkerBatch.Make(
            marker.ProducerId, marker.ProducerEpoch, marker.TransactionResult, marker.CoordinatorEpoch, nowMs);
        return bytes.Written.ToArray();
    }

    private static WriteTxnMarkersResponse.WritableTxnMarkerPartitionResult ResultOf(
        WriteTxnMarkersResponse.WritableTxnMarkerResult answer, string topic, int partition)
    {
        var topics = answer.Topics.Find(t => t.Name == topic);
        if (topics is null)
        {
            topics = new() { Name = topic };
            answer.Topics.Add(topics);
        }

        var result = topics.Partitions.Find(p => p.PartitionIndex == partition);
        if (result is null)
        {
            result = new() { PartitionIndex = partition };
            topics.Partitions.Add(result);
        }

        return result;
    }
}
