using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Cluster.Controller;

/// <summary>
/// Decides what a broker reports of its log directories: which replicas lie where, which directories have failed, which take no new
/// replicas. Stateless.
/// </summary>
public static class BrokerDirectories
{
    /// <summary>Takes in where replicas lie. Each partition stands or falls by itself.</summary>
    public static AssignReplicasToDirsResponse Assign(
        ControllerMachine machine, AssignReplicasToDirsRequest request, Decision<MetadataRecord> decision)
    {
        var response = new AssignReplicasToDirsResponse();
        if (machine.Image.Brokers.Find(request.BrokerId) is not { } broker || broker.Epoch != request.BrokerEpoch)
        {
            response.ErrorCode = ErrorCode.StaleBrokerEpoch;
            return response;
        }

        foreach (var directory in request.Directories)
        {
            response.Directories.Add(new AssignReplicasToDirsResponse.DirectoryData
            {
                Id = directory.Id,
                Topics = directory.Topics.ConvertAll(topic => new AssignReplicasToDirsResponse.TopicData
                {
                    TopicId = topic.TopicId,
                    Partitions = topic.Partitions.ConvertAll(partition => new AssignReplicasToDirsResponse.PartitionData
                    {
                        PartitionIndex = partition.PartitionIndex,
                        ErrorCode = Assign(machine.Image, broker, directory.Id, topic.TopicId, partition.PartitionIndex, decision),
                    }),
                }),
            });
        }

        return response;
    }

    /// <summary>
    /// Takes in the directories of a heartbeat: those that are offline leave the broker's registration, and their partitions get another
    /// leader or none; those that are cordoned are remembered.
    /// </summary>
    public static BrokerHeartbeatResponse Report(
        ControllerMachine machine, BrokerHeartbeatRequest request, Decision<MetadataRecord> decision)
    {
        var image = machine.Image;
        if (image.Brokers.Find(request.BrokerId) is not { } broker || broker.Epoch != request.BrokerEpoch)
        {
            return new BrokerHeartbeatResponse { ErrorCode = ErrorCode.StaleBrokerEpoch };
        }

        var online = broker.Directories.RemoveAll(request.OfflineLogDirs.Contains);
        var change = new BrokerRegistrationChangeRecord { BrokerId = broker.Id, BrokerEpoch = broker.Epoch };
        short version = -1;
        if (image.Features.MetadataVersion.HasDirectories && online.Length < broker.Directories.Length)
        {
            change.LogDirs = [.. online];
            version = 2;
        }

        if (image.Features.MetadataVersion.RegisterBrokerRecordVersion >= 4 && request.CordonedLogDirs is { } cordoned
            && !broker.CordonedDirectories.AsSpan().SequenceEqual(cordoned.ToArray()))
        {
            change.CordonedLogDirs = cordoned;
            version = 3;
        }

        if (version >= 0)
        {
            decision.Add(new MetadataRecord(BrokerRegistrationChangeRecord.RecordType, version, change));
            AddElections(image, broker with { Directories = online }, decision);
        }

        return new BrokerHeartbeatResponse { IsCaughtUp = true, IsFenced = broker.IsFenced };
    }

    /// <summary>Takes leadership from a broker's replicas that lie in directories it has not.</summary>
    internal static void AddElections(MetadataImage image, BrokerImage broker, Decision<MetadataRecord> decision)
    {
        foreach (var topic in image.Topics.All)
        {
            for (var i = 0; i < topic.Partitions.Length; i++)
            {
                var partition = topic.Partitions[i];
                if (partition.Leader == broker.Id && !broker.HasOnline(partition.DirectoryOf(broker.Id)))
                {
                    decision.Add(Election(topic.Id, i, OtherLeader(image, partition)));
                }
            }
        }
    }

    private static ErrorCode Assign(
        MetadataImage image, BrokerImage broker, Uuid directory, Uuid topicId, int index, Decision<MetadataRecord> decision)
    {
        if (image.Topics.Find(topicId) is not { } topic)
        {
            return ErrorCode.UnknownTopicId;
        }

        if (topic.Find(index) is not { } partition)
        {
            return ErrorCode.UnknownTopicOrPartition;
        }

        var place = partition.Replicas.IndexOf(broker.Id);
        if (place < 0)
        {
            return ErrorCode.NotLeaderOrFollower;
        }

        if (partition.Directories[place] == directory)
        {
            return ErrorCode.None;
        }

        var moved = partition with { Directories = partition.Directories.SetItem(place, directory) };
        var change = new PartitionChangeRecord { TopicId = topicId, PartitionId = index, Directories = [.. moved.Directories] };
        var isOnline = broker.HasOnline(directory);
        if (partition.Leader == broker.Id && !isOnline)
        {
            change.Leader = OtherLeader(image, partition);
        }
        else if (partition.Leader == PartitionImage.NoLeader && isOnline && !broker.IsFenced && partition.Isr.Contains(broker.Id))
        {
            change.Leader = broker.Id;
        }

        var version = image.Features.MetadataVersion.PartitionRecordVersion;
        decision.Add(new MetadataRecord(PartitionChangeRecord.RecordType, version, change));
        return ErrorCode.None;
    }

    private static int OtherLeader(MetadataImage image, PartitionImage partition)
    {
        foreach (var id in partition.Isr)
        {
            if (id != partition.Leader && image.IsActive(id) && image.Brokers.Find(id)!.HasOnline(partition.DirectoryOf(id)))
            {
                return id;
            }
        }

        return PartitionImage.NoLeader;
    }

    private static MetadataRecord Election(Uuid topicId, int partition, int leader) => new(
        PartitionChangeRecord.RecordType,
        0,
        new PartitionChangeRecord { TopicId = topicId, PartitionId = partition, Leader = leader });
}
