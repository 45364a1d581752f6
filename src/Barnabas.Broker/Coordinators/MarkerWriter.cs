using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Partitions;
using Barnabas.Cluster.Transactions.Markers;
using Barnabas.Log;

namespace Barnabas.Broker.Coordinators;

/// <summary>
/// Writes the markers that a coordinator orders: on the partitions that this broker leads by itself. What another broker leads stays
/// undone with NOT_LEADER_OR_FOLLOWER, until there is a way to ask it. Stateless, for any loop.
/// </summary>
internal sealed class MarkerWriter(ReplicaTable replicas, Func<MetadataImage> image, IClock clock)
{
    /// <summary>Carries out an order; <paramref name="done"/> runs once, on any thread, when every partition has its outcome.</summary>
    public void Write(MarkerOrder order, Action<MarkerOutcome> done)
    {
        var write = new LocalMarkers(done);
        using var batch = MarkerBatch.Make(order.ProducerId, order.Epoch, order.IsCommit, order.CoordinatorEpoch, clock.WallMs);
        var origin = order.TransactionVersion >= 2 ? AppendOrigin.TransactionEndV2 : AppendOrigin.TransactionEnd;
        var topics = image().Topics;
        foreach (var at in order.Partitions)
        {
            if (topics.Find(at.Topic) is not { } topic || topic.Find(at.Partition) is null)
            {
                // Deleted: nobody reads it any more.
                continue;
            }

            var replica = replicas.Find(topic.Id, at.Partition);
            var error = replica?.CheckLeader(-1) ?? ErrorCode.NotLeaderOrFollower;
            if (error != ErrorCode.None)
            {
                write.Fail(at, error);
                continue;
            }

            var part = new PartitionAppend { Replica = replica, Origin = origin, IsCommit = order.IsCommit };
            part.OwnBatch(batch.Written);
            write.Add(at, part);
        }

        write.Post();
    }
}
