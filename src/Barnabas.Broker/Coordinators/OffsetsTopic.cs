using Barnabas.Broker.Config;
using Barnabas.Cluster.Groups;
using Barnabas.Messages;

namespace Barnabas.Broker.Coordinators;

/// <summary>Makes <c>__consumer_offsets</c> when the first group is looked for. Any thread.</summary>
/// <param name="config">Partitions, replicas and segment size of a new topic.</param>
/// <param name="create">Hands a request to the controller, and calls back when it is decided, with whatever outcome.</param>
public sealed class OffsetsTopic(GroupsConfig config, Action<CreateTopicsRequest, Action> create)
{
    private int _asking;

    /// <summary>Asks the controller for the topic, unless an answer is waited for already.</summary>
    public void Create()
    {
        if (Interlocked.Exchange(ref _asking, 1) == 0)
        {
            create(Request(config), () => Volatile.Write(ref _asking, 0));
        }
    }

    /// <summary>The request for the topic, with what Kafka sets for it.</summary>
    internal static CreateTopicsRequest Request(GroupsConfig config)
    {
        var topic = new CreateTopicsRequest.CreatableTopic
        {
            Name = GroupPartition.Topic,
            NumPartitions = config.OffsetsTopicPartitions,
            ReplicationFactor = config.OffsetsTopicReplicationFactor,
        };
        Set(topic, "cleanup.policy", "compact");
        Set(topic, "compression.type", "producer");
        Set(topic, "segment.bytes", config.OffsetsTopicSegmentBytes.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return new CreateTopicsRequest { Topics = [topic], TimeoutMs = 30_000 };
    }

    private static void Set(CreateTopicsRequest.CreatableTopic topic, string key, string value) =>
        topic.Configs.Add(new CreateTopicsRequest.CreatableTopicConfig { Name = key, Value = value });
}
