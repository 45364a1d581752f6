using System.Globalization;
using Barnabas.Base;
using Barnabas.Broker.Config;
using Barnabas.Cluster.Controller;
using Barnabas.Messages;

namespace Barnabas.Broker.Quorum;

/// <summary>
/// Creates topics that nobody asked for by CreateTopics: those that a client names in a Metadata request, and the broker's own. Any thread;
/// a name that is being created is not asked for again.
/// </summary>
public sealed class AutoTopics(QuorumDriver quorum, Func<BrokerConfig> config)
{
    private readonly HashSet<string> _creating = new(StringComparer.Ordinal);

    /// <summary>
    /// Asks for the topic and returns at once; <paramref name="done"/>, if given, gets what became of it on the metadata loop. A topic that
    /// is being created already is not waited for.
    /// </summary>
    public void Create(string name, Action<ErrorCode>? done = null)
    {
        lock (_creating)
        {
            if (!_creating.Add(name))
            {
                return;
            }
        }

        var request = new CreateTopicsRequest { Topics = [Describe(name)] };
        quorum.Submit(
            (machine, decision) => TopicCreation.Decide(machine, request, decision),
            (error, response) =>
            {
                lock (_creating)
                {
                    _creating.Remove(name);
                }

                done?.Invoke(response is null ? error : response.Topics[0].ErrorCode);
            });
    }

    private CreateTopicsRequest.CreatableTopic Describe(string name)
    {
        var settings = config();
        return name switch
        {
            "__consumer_offsets" => Own(
                name,
                settings.Groups.OffsetsTopicPartitions,
                settings.Groups.OffsetsTopicReplicationFactor,
                ("cleanup.policy", "compact"),
                ("compression.type", "producer"),
                ("segment.bytes", settings.Groups.OffsetsTopicSegmentBytes.ToString(CultureInfo.InvariantCulture))),
            "__transaction_state" => Own(
                name,
                settings.Transactions.TopicPartitions,
                settings.Transactions.TopicReplicationFactor,
                ("cleanup.policy", "compact"),
                ("compression.type", "uncompressed"),
                ("min.insync.replicas", settings.Transactions.TopicMinInsyncReplicas.ToString(CultureInfo.InvariantCulture)),
                ("segment.bytes", settings.Transactions.TopicSegmentBytes.ToString(CultureInfo.InvariantCulture)),
                ("unclean.leader.election.enable", "false")),
            _ => new CreateTopicsRequest.CreatableTopic { Name = name, NumPartitions = -1, ReplicationFactor = -1 },
        };
    }

    private static CreateTopicsRequest.CreatableTopic Own(
        string name, int partitions, short replicationFactor, params (string Key, string Value)[] configs) => new()
        {
            Name = name,
            NumPartitions = partitions,
            ReplicationFactor = replicationFactor,
            Configs = [.. configs.Select(c => new CreateTopicsRequest.CreatableTopicConfig { Name = c.Key, Value = c.Value })],
        };
}
