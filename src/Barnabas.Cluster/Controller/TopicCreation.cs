using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Cluster.Controller;

/// <summary>Decides CreateTopics. Stateless; every topic of a request stands or falls by itself.</summary>
public static class TopicCreation
{
    /// <summary>Partitions that one request may make.</summary>
    public const int PartitionsPerRequestMax = 10_000;

    /// <summary>Makes the topics of a request, or says why not.</summary>
    public static CreateTopicsResponse Decide(ControllerMachine machine, CreateTopicsRequest request, Decision<MetadataRecord> decision)
    {
        var response = new CreateTopicsResponse();
        var image = machine.Image;
        var isExcessive = CountPartitions(machine.Settings, request) > PartitionsPerRequestMax;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var duplicates = new HashSet<string>(request.Topics.Where(topic => !seen.Add(topic.Name)).Select(topic => topic.Name));
        foreach (var topic in request.Topics)
        {
            var isDuplicate = duplicates.Contains(topic.Name);
            if (isDuplicate && !seen.Remove(topic.Name))
            {
                continue;
            }

            var before = decision.Count;
            var result = new CreateTopicsResponse.CreatableTopicResult { Name = topic.Name, Configs = [] };
            var refusal = isDuplicate ? new Refusal(ErrorCode.InvalidRequest, "Duplicate topic name.")
                : isExcessive ? new Refusal(ErrorCode.PolicyViolation, "Excessively large number of partitions per request.")
                : Create(machine, image, topic, decision, result);
            if (!refusal.IsNone || request.ValidateOnly)
            {
                decision.TakeBack(before);
            }

            result.ErrorCode = refusal.Error;
            result.ErrorMessage = refusal.Message;
            response.Topics.Add(result);
        }

        return response;
    }

    private static long CountPartitions(ControllerSettings settings, CreateTopicsRequest request) => request.Topics.Sum(topic =>
        topic.Assignments.Count > 0 ? topic.Assignments.Count
            : topic.NumPartitions < 0 ? settings.PartitionsDefault : (long)topic.NumPartitions);

    private static Refusal Create(
        ControllerMachine machine,
        MetadataImage image,
        CreateTopicsRequest.CreatableTopic topic,
        Decision<MetadataRecord> decision,
        CreateTopicsResponse.CreatableTopicResult result)
    {
        var refusal = CheckName(image, topic.Name);
        if (!refusal.IsNone)
        {
            return refusal;
        }

        var id = NewId(machine, image);
        decision.Add(new MetadataRecord(TopicRecord.RecordType, 0, new TopicRecord { Name = topic.Name, TopicId = id }));
        refusal = AddConfigs(machine, topic, decision);
        if (!refusal.IsNone)
        {
            return refusal;
        }

        var placed = new List<List<int>>();
        refusal = Place(machine, image, topic, placed);
        for (var partition = 0; refusal.IsNone && partition < placed.Count; partition++)
        {
            if (ReplicaPlacement.NewPartition(image, id, partition, placed[partition]) is { } record)
            {
                decision.Add(record);
                continue;
            }

            refusal = ReplicaPlacement.NoneMayLead(partition);
        }

        if (refusal.IsNone)
        {
            result.TopicId = id;
            result.NumPartitions = placed.Count;
            result.ReplicationFactor = (short)placed[0].Count;
        }

        return refusal;
    }

    private static Refusal CheckName(MetadataImage image, string name)
    {
        if (name == TopicNames.ClusterMetadata)
        {
            return new Refusal(ErrorCode.InvalidRequest, $"Creation of internal topic {name} is prohibited.");
        }

        if (TopicNames.Problem(name) is { } problem)
        {
            return new Refusal(ErrorCode.InvalidTopicException, problem);
        }

        if (image.Topics.Find(name) is not null)
        {
            return new Refusal(ErrorCode.TopicAlreadyExists, $"Topic '{name}' already exists.");
        }

        return TopicNames.CollidesWith(name, image.Topics) is { } other
            ? new Refusal(ErrorCode.InvalidTopicException, $"Topic '{name}' collides with existing topic: {other}")
            : Refusal.None;
    }

    private static Uuid NewId(ControllerMachine machine, MetadataImage image)
    {
        while (true)
        {
            var id = machine.Settings.Random.NextUuid();
            if (image.Topics.Find(id) is null)
            {
                return id;
            }
        }
    }

    private static Refusal AddConfigs(
        ControllerMachine machine, CreateTopicsRequest.CreatableTopic topic, Decision<MetadataRecord> decision)
    {
        if (topic.Configs.Count == 0)
        {
            return Refusal.None;
        }

        // A key that comes twice has its last value, as in Kafka.
        var changes = new Dictionary<string, ConfigChange>(StringComparer.Ordinal);
        foreach (var config in topic.Configs)
        {
            if (config.Value is null)
            {
                return new Refusal(ErrorCode.InvalidConfig, $"Null value not supported for topic configs: {config.Name}");
            }

            changes[config.Name] = new ConfigChange(config.Name, ConfigChangeKind.Set, config.Value);
        }

        var resource = new ConfigResource(ConfigKind.Topic, topic.Name);
        return ConfigChanges.Add(machine, resource, [.. changes.Values], decision);
    }

    private static Refusal Place(
        ControllerMachine machine, MetadataImage image, CreateTopicsRequest.CreatableTopic topic, List<List<int>> placed)
    {
        if (topic.Assignments.Count > 0)
        {
            return PlaceByHand(image, topic, placed);
        }

        if (topic.ReplicationFactor is < -1 or 0)
        {
            return new Refusal(
                ErrorCode.InvalidReplicationFactor, "Replication factor must be larger than 0, or -1 to use the default value.");
        }

        if (topic.NumPartitions is < -1 or 0)
        {
            return new Refusal(ErrorCode.InvalidPartitions, "Number of partitions was set to an invalid non-positive value.");
        }

        var settings = machine.Settings;
        var partitions = topic.NumPartitions == -1 ? settings.PartitionsDefault : topic.NumPartitions;
        var factor = topic.ReplicationFactor == -1 ? settings.ReplicationFactorDefault : topic.ReplicationFactor;
        return ReplicaPlacement.Place(image, settings.Random, partitions, factor, placed);
    }

    private static Refusal PlaceByHand(MetadataImage image, CreateTopicsRequest.CreatableTopic topic, List<List<int>> placed)
    {
        if (topic.ReplicationFactor != -1)
        {
            return new Refusal(
                ErrorCode.InvalidRequest, "A manual partition assignment was specified, but replication factor was not set to -1.");
        }

        if (topic.NumPartitions != -1)
        {
            return new Refusal(
                ErrorCode.InvalidRequest, "A manual partition assignment was specified, but numPartitions was not set to -1.");
        }

        var byPartition = new SortedDictionary<int, List<int>>();
        int? factor = null;
        foreach (var assignment in topic.Assignments)
        {
            if (byPartition.ContainsKey(assignment.PartitionIndex))
            {
                return new Refusal(ErrorCode.InvalidReplicaAssignment,
                    $"Found multiple manual partition assignments for partition {assignment.PartitionIndex}");
            }

            var refusal = ReplicaPlacement.Check(image, assignment.BrokerIds, factor);
            if (!refusal.IsNone)
            {
                return refusal;
            }

            factor = assignment.BrokerIds.Count;
            byPartition[assignment.PartitionIndex] = assignment.BrokerIds;
        }

        foreach (var (partition, replicas) in byPartition)
        {
            if (partition != placed.Count)
            {
                return new Refusal(ErrorCode.InvalidReplicaAssignment, "partitions should be a consecutive 0-based integer sequence");
            }

            placed.Add(replicas);
        }

        return Refusal.None;
    }
}
