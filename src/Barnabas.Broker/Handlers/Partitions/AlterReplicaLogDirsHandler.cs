using Barnabas.Base;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Partitions;

/// <summary>
/// Has replicas moved to other log directories of this broker, and answers as soon as the moves have begun: DescribeLogDirs shows how far
/// they are.
/// </summary>
internal sealed class AlterReplicaLogDirsHandler(LocalReplicas replicas)
    : MessageHandler<AlterReplicaLogDirsRequest>(ApiKey.AlterReplicaLogDirs)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, AlterReplicaLogDirsRequest message)
    {
        // The last directory that is named for a partition counts; the answer is by topic.
        var wanted = new Dictionary<TopicPartition, string>();
        foreach (var (directory, topic) in message.Dirs.SelectMany(d => d.Topics.Select(t => (d, t))))
        {
            foreach (var partition in topic.Partitions)
            {
                wanted[new TopicPartition(topic.Name, partition)] = directory.Path;
            }
        }

        var response = new AlterReplicaLogDirsResponse();
        foreach (var (partition, path) in wanted)
        {
            replicas.Move(partition, path, error => Add(response, partition, error));
        }

        replicas.Post(() => request.Complete(response));
    }

    private static void Add(AlterReplicaLogDirsResponse response, TopicPartition partition, ErrorCode error)
    {
        var topic = response.Results.Find(t => t.TopicName == partition.Topic);
        if (topic is null)
        {
            response.Results.Add(topic = new() { TopicName = partition.Topic });
        }

        topic.Partitions.Add(new() { PartitionIndex = partition.Partition, ErrorCode = error });
    }
}
