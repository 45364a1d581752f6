using Barnabas.Base;
using Barnabas.Log;
using Barnabas.Log.Directories;

namespace Barnabas.Cluster.Partitions;

/// <summary>A log that a directory held at start, open.</summary>
/// <param name="TopicId">Whose it is; null when it does not say.</param>
/// <param name="Log">Recovered; nobody else uses it.</param>
/// <param name="Place">Where it lies.</param>
public sealed record FoundLog(Uuid? TopicId, PartitionLog Log, ReplicaDirectory Place);

/// <summary>
/// The logs that were there at start and have not been claimed by a replica. Owned by <see cref="LocalReplicas"/>.
/// </summary>
internal sealed class FoundLogs
{
    private readonly HashSet<TopicPartition> _asked = [];
    private readonly List<(ReplicaDirectory Place, PartitionDirectory Partition)> _damaged;

    // By the name of their directory, whosever records they are.
    private readonly Dictionary<TopicPartition, List<FoundLog>> _byName = [];

    /// <summary>Nothing yet, but for the directories that do not say whose they are: those were not opened.</summary>
    public FoundLogs(ReplicaDirectories directories) =>
        _damaged = [.. directories.All.SelectMany(d => d.Files.Partitions.Where(p => p.IsDamaged).Select(p => (d, p)))];

    /// <summary>
    /// True when a directory of the name may be the partition's, and cannot be told to be: making it anew would lose what it holds.
    /// </summary>
    public bool IsDamaged(TopicPartition name)
    {
        _asked.Add(name);
        return _damaged.Exists(d => d.Partition.Partition == name);
    }

    /// <summary>Takes in what was found.</summary>
    public void Add(FoundLog found)
    {
        if (!_byName.TryGetValue(found.Log.Partition, out var same))
        {
            _byName[found.Log.Partition] = same = [];
        }

        same.Add(found);
    }

    /// <summary>
    /// The log of a partition, or null. A crash at the end of a move leaves two whole ones: the metadata names the directory that counts.
    /// All others of that name go to <paramref name="others"/>: they have to make room before a log is made under it.
    /// </summary>
    public FoundLog? Claim(TopicPartition name, Uuid topicId, Uuid directoryId, Action<FoundLog> others)
    {
        if (!_byName.Remove(name, out var same))
        {
            return null;
        }

        var own = same.FindAll(f => f.TopicId == topicId);
        var claimed = own.Find(f => f.Place.Id == directoryId) ?? (own.Count > 0 ? own[0] : null);
        same.FindAll(f => f != claimed).ForEach(others);
        return claimed;
    }

    /// <summary>Hands out what nobody claimed.</summary>
    public void Drain(Action<FoundLog> stray, Action<ReplicaDirectory, PartitionDirectory> damaged)
    {
        foreach (var (place, partition) in _damaged.Where(d => !_asked.Contains(d.Partition.Partition)).ToList())
        {
            damaged(place, partition);
            _damaged.Remove((place, partition));
        }

        foreach (var found in _byName.Values.SelectMany(same => same))
        {
            stray(found);
        }

        _byName.Clear();
    }
}
