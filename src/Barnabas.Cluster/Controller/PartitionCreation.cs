using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Cluster.Controller;

/// <summary>Decides CreatePartitions. Stateless; every topic of a request stands or falls by itself.</summary>
public static class PartitionCreation
{
    /// <summary>Adds partitions to the topics of a request, or says why not.</summary>
    public static CreatePartitionsResponse Decide(
        ControllerMachine machine, CreatePartitionsRequest request, Decision<MetadataRecord> decision)
    {
        var response = new CreatePartitionsResponse();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var duplicates = new HashSet<string>(request.Topics.Where(topic => !names.Add(topic.Name)).Select(topic => topic.Name));
        var added = 0;
        foreach (var topic in request.Topics)
        {
            var isDuplicate = duplicates.Contains(topic.Name);
            if (isDuplicate && !names.Remove(topic.Name))
            {
                continue;
            }

            var before = decision.Count;
            var refusal = isDuplicate
                ? new Refusal(ErrorCode.InvalidRequest, "Duplicate topic name.")
                : Extend(machine, topic, decision, ref added);
            if (!refusal.IsNone || request.ValidateOnly)
            {
                decision.TakeBack(before);
            }

            response.Results.Add(new CreatePartitionsResponse.CreatePartitionsTopicResult
            {
                Name = topic.Name, ErrorCode = refusal.Error, ErrorMessage = refusal.Message,
            });
        }

        return response;
    }

    private static Refusal Extend(
        ControllerMachine machine,
        CreatePartitionsRequest.CreatePartitionsTopic asked,
        Decision<MetadataRecord> decision,
        ref int added)
    {
        var image = machine.Image;
        if (image.Topics.Find(asked.Name) is not { } topic)
        {
            return new Refusal(ErrorCode.UnknownTopicOrPartition, null);
        }

        var (count, additional) = (topic.Partitions.Length, asked.Count - topic.Partitions.Length);
        if (additional == 0)
        {
            return new Refusal(ErrorCode.InvalidPartitions, $"Topic already has {count} partition(s).");
        }

        if (additional < 0)
        {
            return new Refusal(ErrorCode.InvalidPartitions,
                $"The topic {asked.Name} currently has {count} partition(s); {asked.Count} would not be an increase.");
        }

        // Kafka takes any number and falls over it; a request has one limit here, as in CreateTopics.
        if ((added += additional) > TopicCreation.PartitionsPerRequestMax)
        {
            return new Refusal(ErrorCode.PolicyViolation, "Excessively large number of partitions per request.");
        }

        var placed = new List<List<int>>();
        var refusal = asked.Assignments is { } given
            ? PlaceByHand(image, topic, given, additional, placed)
            : ReplicaPlacement.Place(image, machine.Settings.Random, additional, topic.Partitions[0].Replicas.Length, placed);
        for (var i = 0; refusal.IsNone && i < placed.Count; i++)
        {
            if (ReplicaPlacement.NewPartition(image, topic.Id, count + i, placed[i]) is { } record)
            {
                decision.Add(record);
                continue;
            }

            refusal = ReplicaPlacement.NoneMayLead(count + i);
        }

        return refusal;
    }

    private static Refusal PlaceByHand(
        MetadataImage image,
        TopicImage topic,
        List<CreatePartitionsRequest.CreatePartitionsAssignment> given,
        int additional,
        List<List<int>> placed)
    {
        if (given.Count != additional)
        {
            return new Refusal(ErrorCode.InvalidReplicaAssignment,
                $"Attempted to add {additional} additional partition(s), but only {given.Count} assignment(s) were specified.");
        }

        foreach (var assignment in given)
        {
            var refusal = ReplicaPlacement.Check(image, assignment.BrokerIds, topic.Partitions[0].Replicas.Length);
            if (!refusal.IsNone)
            {
                return refusal;
            }

            placed.Add(assignment.BrokerIds);
        }

        return Refusal.None;
    }
}
