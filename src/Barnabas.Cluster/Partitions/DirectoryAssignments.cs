using Barnabas.Base;
using Barnabas.Cluster.Metadata;

namespace Barnabas.Cluster.Partitions;

/// <summary>Where a replica of this node lies.</summary>
public readonly record struct ReplicaAssignment(Uuid TopicId, int Partition, Uuid DirectoryId);

/// <summary>
/// Replicas that lie where the metadata does not have them, until the controller is told. Owned by the loop of <see cref="LocalReplicas"/>.
/// </summary>
internal sealed class DirectoryAssignments(LocalReplicasSetup setup, Func<MetadataImage> image)
{
    private readonly List<ReplicaAssignment> _notes = [];

    /// <summary>Notes where a replica lies, if the metadata has another place.</summary>
    public void Note(Replica replica, ReplicaDirectory directory, Uuid assigned)
    {
        if (directory.Id != assigned && image().Features.MetadataVersion.HasDirectories)
        {
            _notes.Add(new ReplicaAssignment(replica.TopicId, replica.Partition.Partition, directory.Id));
        }
    }

    /// <summary>Tells all that was noted, together.</summary>
    public void Tell()
    {
        if (_notes.Count > 0)
        {
            setup.Assign([.. _notes]);
            _notes.Clear();
        }
    }
}
