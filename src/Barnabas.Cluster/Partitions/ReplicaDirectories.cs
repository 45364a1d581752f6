using Barnabas.Base;
using Barnabas.Cluster.Metadata;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// The log directories of this node, and which of them a replica belongs to. Owned by the loop of <see cref="LocalReplicas"/>, which alone
/// asks for a place; any thread may look directories up.
/// </summary>
/// <param name="all">Those that could be opened, in the order of <c>log.dirs</c>; at least one.</param>
/// <param name="offlinePaths">Those of <c>log.dirs</c> that could not be opened.</param>
/// <param name="isCordoned">True for the path of a directory that takes no new partitions now.</param>
public sealed class ReplicaDirectories(
    IReadOnlyList<ReplicaDirectory> all, IEnumerable<string> offlinePaths, Func<string, bool> isCordoned)
{
    /// <summary>All that could be opened, in the order of <c>log.dirs</c>.</summary>
    public IReadOnlyList<ReplicaDirectory> All => all;

    /// <summary>True when the directory takes no new partitions now.</summary>
    public bool IsCordoned(ReplicaDirectory directory) => isCordoned(directory.Files.Path);

    /// <summary>By the id that the metadata has; null for an unknown one.</summary>
    public ReplicaDirectory? Find(Uuid id) => all.FirstOrDefault(d => d.Id == id);

    /// <summary>By its path; null for an unknown one.</summary>
    public ReplicaDirectory? Find(string path) => all.FirstOrDefault(d => d.Files.Path == path);

    /// <summary>True for the path of a directory of this broker that could not be opened.</summary>
    public bool IsOffline(string path) => offlinePaths.Contains(path);

    /// <summary>Where a replica lies.</summary>
    public ReplicaDirectory Of(Replica replica) => all.First(d => d.Health == replica.Shard.Health);

    /// <summary>
    /// Where a replica is to be made that the metadata assigns to a directory. Null where it must not be made: its directory is offline, or
    /// not there at all, and making it anew elsewhere would lose what it holds.
    /// </summary>
    internal ReplicaDirectory? PlaceFor(Uuid assigned)
    {
        if (Find(assigned) is { } named)
        {
            return named.IsOnline ? named : null;
        }

        return assigned == DirectoryIds.Unassigned || assigned == DirectoryIds.Migrating ? Emptiest() : null;
    }

    private ReplicaDirectory? Emptiest()
    {
        var online = all.Where(d => d.IsOnline).ToList();
        var open = online.FindAll(d => !IsCordoned(d));
        var candidates = open.Count > 0 ? open : online;
        return candidates.Where(d => d.Health.Room.IsThere).MinBy(d => d.PartitionCount) ?? candidates.MinBy(d => d.PartitionCount);
    }
}
