using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Cluster.Controller;

/// <summary>Chooses and checks the brokers of new partitions. Stateless.</summary>
internal static class ReplicaPlacement
{
    private const string NoneIsOpen = "All brokers are currently fenced, or have all their log directories cordoned.";

    /// <summary>
    /// Spreads partitions over the brokers: leaders in turn from a random place, followers behind them, brokers that are fenced last.
    /// </summary>
    public static Refusal Place(MetadataImage image, Randomness random, int partitions, int replicationFactor, List<List<int>> placed)
    {
        var brokers = image.Brokers.Values.ToList();
        if (replicationFactor > brokers.Count)
        {
            return TooFew(replicationFactor, brokers.Count);
        }

        brokers.RemoveAll(broker => broker.TakesNoReplicas);
        var active = brokers.FindAll(broker => !broker.IsFenced).ConvertAll(broker => broker.Id);
        var fenced = brokers.FindAll(broker => broker.IsFenced).ConvertAll(broker => broker.Id);
        if (active.Count == 0)
        {
            return new Refusal(ErrorCode.InvalidReplicationFactor,
                $"Unable to replicate the partition {replicationFactor} time(s): {NoneIsOpen}");
        }

        if (replicationFactor > brokers.Count)
        {
            return TooFew(replicationFactor, brokers.Count);
        }

        var first = random.Next(active.Count);
        for (var partition = 0; partition < partitions; partition++)
        {
            var replicas = new List<int>(replicationFactor);
            for (var i = 0; i < replicationFactor; i++)
            {
                replicas.Add(i < active.Count
                    ? active[(first + partition + i) % active.Count]
                    : fenced[(partition + i) % fenced.Count]);
            }

            placed.Add(replicas);
        }

        return Refusal.None;
    }

    private static Refusal TooFew(int replicationFactor, int brokers) => new(ErrorCode.InvalidReplicationFactor,
        $"Unable to replicate the partition {replicationFactor} time(s): The target replication factor of {replicationFactor} "
        + $"cannot be reached because only {brokers} broker(s) are registered or some brokers have all their log "
        + "directories cordoned.");

    /// <summary>Checks the brokers that a request names for one partition.</summary>
    public static Refusal Check(MetadataImage image, List<int> replicas, int? replicationFactor)
    {
        if (replicas.Count == 0)
        {
            return Invalid("The manual partition assignment includes an empty replica list.");
        }

        var sorted = replicas.Order().ToList();
        for (var i = 0; i < sorted.Count; i++)
        {
            if (image.Brokers.Find(sorted[i]) is null)
            {
                return Invalid($"The manual partition assignment includes broker {sorted[i]}, but no such broker is registered.");
            }

            if (i > 0 && sorted[i] == sorted[i - 1])
            {
                return Invalid($"The manual partition assignment includes the broker {sorted[i]} more than once.");
            }
        }

        return replicationFactor is { } factor && factor != replicas.Count
            ? Invalid($"The manual partition assignment includes a partition with {replicas.Count} replica(s), but this is not "
                + $"consistent with previous partitions, which have {factor} replica(s).")
            : Refusal.None;
    }

    /// <summary>
    /// The record of a new partition on these brokers, led by the first that may lead; null when none may.
    /// </summary>
    public static MetadataRecord? NewPartition(MetadataImage image, Uuid topicId, int partition, List<int> replicas)
    {
        var isr = replicas.FindAll(image.IsActive);
        if (isr.Count == 0)
        {
            return null;
        }

        var version = image.Features.MetadataVersion;
        var record = new PartitionRecord
        {
            PartitionId = partition, TopicId = topicId, Replicas = replicas, Isr = isr, Leader = isr[0],
            LeaderEpoch = 0, PartitionEpoch = 0,
        };
        if (version.HasDirectories)
        {
            record.Directories = replicas.ConvertAll(id => DirectoryFor(image.Brokers.Find(id)!));
        }

        return new MetadataRecord(PartitionRecord.RecordType, version.PartitionRecordVersion, record);
    }

    /// <summary>None of the brokers that a request names for a partition may lead it.</summary>
    public static Refusal NoneMayLead(int partition) => Invalid(
        $"All brokers specified in the manual partition assignment for partition {partition} are fenced or in controlled shutdown.");

    // A broker with several directories chooses one itself, and says so.
    private static Uuid DirectoryFor(BrokerImage broker) => broker.Directories.Length switch
    {
        0 => DirectoryIds.Migrating,
        1 => broker.Directories[0],
        _ => DirectoryIds.Unassigned,
    };

    private static Refusal Invalid(string message) => new(ErrorCode.InvalidReplicaAssignment, message);
}
