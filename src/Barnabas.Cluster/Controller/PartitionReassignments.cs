using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Cluster.Controller;

/// <summary>
/// Decides AlterPartitionReassignments. Stateless. One broker has all replicas, so that the only assignment there can be is the one there
/// is; tools ask for it before they move replicas between log directories.
/// </summary>
public static class PartitionReassignments
{
    /// <summary>Judges the assignments of a request; each partition stands or falls by itself.</summary>
    public static AlterPartitionReassignmentsResponse Decide(
        ControllerMachine machine, AlterPartitionReassignmentsRequest request, Decision<MetadataRecord> decision)
    {
        _ = decision;
        return new AlterPartitionReassignmentsResponse
        {
            AllowReplicationFactorChange = request.AllowReplicationFactorChange,

            // Kafka's text where nothing is asked for.
            ErrorMessage = request.Topics.Count == 0 ? "" : null,
            Responses = request.Topics.ConvertAll(topic => new AlterPartitionReassignmentsResponse.ReassignableTopicResponse
            {
                Name = topic.Name,
                Partitions = topic.Partitions.ConvertAll(partition =>
                {
                    var refusal = Judge(machine.Image, topic.Name, partition);
                    return new AlterPartitionReassignmentsResponse.ReassignablePartitionResponse
                    {
                        PartitionIndex = partition.PartitionIndex, ErrorCode = refusal.Error, ErrorMessage = refusal.Message,
                    };
                }),
            }),
        };
    }

    private static Refusal Judge(
        MetadataImage image, string topic, AlterPartitionReassignmentsRequest.ReassignablePartition asked)
    {
        if (image.Topics.Find(topic) is not { } found)
        {
            return new Refusal(ErrorCode.UnknownTopicOrPartition, $"Unable to find a topic named {topic}.");
        }

        if (found.Find(asked.PartitionIndex) is not { } partition)
        {
            return new Refusal(ErrorCode.UnknownTopicOrPartition, $"Unable to find partition {topic}:{asked.PartitionIndex}.");
        }

        if (asked.Replicas is not { } replicas)
        {
            return new Refusal(ErrorCode.NoReassignmentInProgress, null);
        }

        var refusal = ReplicaPlacement.Check(image, replicas, null);
        return !refusal.IsNone || partition.Replicas.AsSpan().SequenceEqual(replicas.ToArray()) ? refusal
            : new Refusal(ErrorCode.InvalidReplicaAssignment, "This version runs one broker, which keeps its replicas.");
    }
}
