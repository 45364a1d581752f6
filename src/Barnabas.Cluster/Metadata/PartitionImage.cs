using System.Collections.Immutable;
using Barnabas.Base;
using Barnabas.Messages;

namespace Barnabas.Cluster.Metadata;

/// <summary>One partition as the metadata has it. Immutable; any thread may read it.</summary>
public sealed record PartitionImage
{
    /// <summary>What stands for a leader where there is none.</summary>
    public const int NoLeader = -1;

    /// <summary>What a <see cref="PartitionChangeRecord"/> has where the leader stays.</summary>
    public const int LeaderUnchanged = -2;

    /// <summary>Node ids of all replicas, the preferred leader first.</summary>
    public required ImmutableArray<int> Replicas { get; init; }

    /// <summary>The log directory of each replica, parallel to <see cref="Replicas"/>; reserved ids where it is not known.</summary>
    public required ImmutableArray<Uuid> Directories { get; init; }

    /// <summary>Node ids of the replicas in sync.</summary>
    public required ImmutableArray<int> Isr { get; init; }

    public ImmutableArray<int> RemovingReplicas { get; init; } = [];

    public ImmutableArray<int> AddingReplicas { get; init; } = [];

    /// <summary>Replicas that left the in-sync set below its minimum and still hold all that was committed.</summary>
    public ImmutableArray<int> EligibleLeaderReplicas { get; init; } = [];

    /// <summary>The last known eligible replicas, for an election when no other is left.</summary>
    public ImmutableArray<int> LastKnownElr { get; init; } = [];

    /// <summary>Node id, or <see cref="NoLeader"/>.</summary>
    public required int Leader { get; init; }

    public required int LeaderEpoch { get; init; }

    /// <summary>Grows with every change of the partition.</summary>
    public required int PartitionEpoch { get; init; }

    /// <summary>True from an unclean election until the leader has said that it recovered.</summary>
    public bool IsRecovering { get; init; }

    /// <summary>The log directory of a broker's replica; <see cref="DirectoryIds.Unassigned"/> where it has none.</summary>
    public Uuid DirectoryOf(int brokerId) =>
        Replicas.IndexOf(brokerId) is >= 0 and var index ? Directories[index] : DirectoryIds.Unassigned;

    /// <summary>The partition that a <see cref="PartitionRecord"/> makes.</summary>
    internal static PartitionImage Of(PartitionRecord record) => new()
    {
        Replicas = [.. record.Replicas],
        Directories = DirectoriesOf(record.Directories, record.Replicas.Count),
        Isr = [.. record.Isr],
        RemovingReplicas = [.. record.RemovingReplicas],
        AddingReplicas = [.. record.AddingReplicas],
        EligibleLeaderReplicas = OrEmpty(record.EligibleLeaderReplicas),
        LastKnownElr = OrEmpty(record.LastKnownElr),
        Leader = record.Leader,
        LeaderEpoch = record.LeaderEpoch,
        PartitionEpoch = record.PartitionEpoch,
        IsRecovering = record.LeaderRecoveryState == 1,
    };

    /// <summary>The partition after a change: a tag that is absent changes nothing, a leader that is given begins an epoch.</summary>
    internal PartitionImage After(PartitionChangeRecord change)
    {
        var replicas = change.Replicas is null ? Replicas : [.. change.Replicas];
        var directories = change.Directories is { Count: > 0 } given ? [.. given]
            : change.Replicas is null ? Directories : DirectoriesOf(null, replicas.Length);
        var elects = change.Leader != LeaderUnchanged;
        return this with
        {
            Replicas = replicas,
            Directories = directories,
            Isr = change.Isr is null ? Isr : [.. change.Isr],
            RemovingReplicas = change.RemovingReplicas is null ? RemovingReplicas : [.. change.RemovingReplicas],
            AddingReplicas = change.AddingReplicas is null ? AddingReplicas : [.. change.AddingReplicas],
            EligibleLeaderReplicas = change.EligibleLeaderReplicas is null ? EligibleLeaderReplicas : [.. change.EligibleLeaderReplicas],
            LastKnownElr = change.LastKnownElr is null ? LastKnownElr : [.. change.LastKnownElr],
            Leader = elects ? change.Leader : Leader,
            LeaderEpoch = elects ? LeaderEpoch + 1 : LeaderEpoch,
            PartitionEpoch = PartitionEpoch + 1,
            IsRecovering = change.LeaderRecoveryState < 0 ? IsRecovering : change.LeaderRecoveryState == 1,
        };
    }

    /// <summary>The record that makes this partition.</summary>
    internal MetadataRecord ToRecord(Uuid topicId, int partition, MetadataVersion metadataVersion)
    {
        var version = metadataVersion.PartitionRecordVersion;
        var record = new PartitionRecord
        {
            PartitionId = partition,
            TopicId = topicId,
            Replicas = [.. Replicas],
            Isr = [.. Isr],
            RemovingReplicas = [.. RemovingReplicas],
            AddingReplicas = [.. AddingReplicas],
            Leader = Leader,
            LeaderRecoveryState = IsRecovering ? (sbyte)1 : (sbyte)0,
            LeaderEpoch = LeaderEpoch,
            PartitionEpoch = PartitionEpoch,
        };
        if (version >= 1)
        {
            record.Directories = [.. Directories];
        }

        if (version >= 2)
        {
            record.EligibleLeaderReplicas = EligibleLeaderReplicas.Length > 0 ? [.. EligibleLeaderReplicas] : null;
            record.LastKnownElr = LastKnownElr.Length > 0 ? [.. LastKnownElr] : null;
        }

        return new MetadataRecord(PartitionRecord.RecordType, version, record);
    }

    private static ImmutableArray<int> OrEmpty(List<int>? ids) => ids is null ? [] : [.. ids];

    private static ImmutableArray<Uuid> DirectoriesOf(List<Uuid>? given, int replicas)
    {
        if (given is { Count: > 0 })
        {
            return [.. given];
        }

        var unknown = new Uuid[replicas];
        Array.Fill(unknown, DirectoryIds.Migrating);
        return [.. unknown];
    }
}

/// <summary>Log directory ids that stand for something else than a directory.</summary>
public static class DirectoryIds
{
    /// <summary>From a time when the metadata did not say the directory.</summary>
    public static readonly Uuid Migrating = new(0, 0);

    /// <summary>The broker has yet to choose and say one.</summary>
    public static readonly Uuid Unassigned = new(0, 1);

    /// <summary>The directory is offline.</summary>
    public static readonly Uuid Lost = new(0, 2);
}
