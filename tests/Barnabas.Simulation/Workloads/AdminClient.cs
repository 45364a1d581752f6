using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Messages;
using Barnabas.Simulation.Checkers;
using Barnabas.Simulation.Runs;

namespace Barnabas.Simulation.Workloads;

/// <summary>Creates topics, deletes some, changes their retention; one request at a time. Owned by the world.</summary>
internal sealed class AdminClient(SimWorld world, string name, Randomness workload) : SimClient(world, name, workload)
{
    private bool _waits;
    private int _nextTopic;

    /// <inheritdoc/>
    public override bool IsDone => !_waits;

    /// <inheritdoc/>
    protected override int ThinkUs() => World.Topics.Count == 0 ? Random.Next(2_000) : Random.Next(60_000);

    /// <inheritdoc/>
    protected override void Act()
    {
        if (_waits || World.IsHealing)
        {
            return;
        }

        var topics = World.Topics.Where(topic => !topic.IsDeleteAsked).ToList();
        if (topics.Count < World.Scenario.Topics)
        {
            Create(NextName());
        }
        else if (Random.Next(100) < World.Scenario.DeletePercent)
        {
            Delete(topics[Random.Next(topics.Count)]);
        }
        else if (Random.Chance(0.3))
        {
            SetRetention(topics[Random.Next(topics.Count)]);
        }
    }

    /// <inheritdoc/>
    protected override void OnDisconnected() => _waits = false;

    private void Create(string topic)
    {
        _waits = true;
        var partitions = 1 + Random.Next(3);
        var flushes = Random.Next(100) < World.Scenario.FlushOnAckPercent;
        var isCompacted = Random.Next(100) < World.Scenario.CompactedPercent;
        var request = new CreateTopicsRequest
        {
            TimeoutMs = 30_000,
            Topics =
            [
                new CreateTopicsRequest.CreatableTopic
                {
                    Name = topic,
                    NumPartitions = partitions,
                    ReplicationFactor = 1,
                    Configs =
                    [
                        new() { Name = "barnabas.flush.on.ack", Value = flushes ? "true" : "false" },
                        new() { Name = "cleanup.policy", Value = isCompacted ? "compact" : "delete" },
                        new() { Name = "delete.retention.ms", Value = $"{TopicModel.DeleteRetentionMs}" },
                    ],
                },
            ],
        };
        Call<CreateTopicsResponse>(request, 7, reply =>
        {
            _waits = false;
            var result = reply.Topics[0];
            if (IsTaken(result.ErrorCode, $"creating {topic}"))
            {
                World.Topics.Add(new TopicModel(topic, result.TopicId, partitions, flushes) { IsCompacted = isCompacted });
            }
        });
    }

    // Some topics come again under the name of one that is gone.
    private string NextName()
    {
        var again = $"{TopicModel.AgainPrefix}{Random.Next(2)}";
        var isFree = World.Topics.TrueForAll(topic => topic.Name != again || topic.IsDeleted);
        return isFree && Random.Chance(0.5) ? again : $"topic{_nextTopic++}";
    }

    private void Delete(TopicModel topic)
    {
        _waits = true;
        topic.IsDeleteAsked = true;
        var request = new DeleteTopicsRequest { TimeoutMs = 30_000, Topics = [new() { Name = null, TopicId = topic.Id }] };
        Call<DeleteTopicsResponse>(request, 6, reply =>
        {
            _waits = false;
            topic.IsDeleted |= IsTaken(reply.Responses[0].ErrorCode, $"deleting {topic.Name}");
            if (topic.IsDeleted && topic.NeedsId && !World.IsHealing)
            {
                // While the node is still taking the old one away.
                Create(topic.Name);
            }
        });
    }

    private void SetRetention(TopicModel topic)
    {
        _waits = true;
        topic.RetentionBytes = null;
        var value = Random.Chance(0.3) ? "-1" : $"{1_000 + Random.Next(9_000)}";
        var request = new IncrementalAlterConfigsRequest
        {
            Resources =
            [
                new()
                {
                    ResourceType = 2,
                    ResourceName = topic.Name,
                    Configs = [new() { Name = "retention.bytes", ConfigOperation = 0, Value = value }],
                },
            ],
        };
        Call<IncrementalAlterConfigsResponse>(request, 1, reply =>
        {
            _waits = false;
            if (IsTaken(reply.Responses[0].ErrorCode, $"configuring {topic.Name}"))
            {
                topic.RetentionBytes = value;
            }
        });
    }

    private bool IsTaken(ErrorCode error, string what)
    {
        ViolationException.Unless(
            error is ErrorCode.None or ErrorCode.NotController or ErrorCode.KafkaStorageError
                || (error == ErrorCode.TopicAlreadyExists && what.Contains(TopicModel.AgainPrefix, StringComparison.Ordinal)),
            $"{Name}: {error} for {what}");
        return error == ErrorCode.None;
    }
}
