using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// The shards of one log directory and where a partition belongs. Directories share none, so that a slow disk holds up its own partitions
/// only. Fixed at start; any thread may read.
/// </summary>
public sealed class ShardSet
{
    /// <summary>Shards of a directory: many more than cores, so that two busy partitions seldom meet.</summary>
    public const int Count = 64;

    private readonly PartitionShard[] _shards = new PartitionShard[Count];

    /// <summary>Makes the shards, each at home on one of the hosts in turn.</summary>
    /// <param name="homes">Where the loops run.</param>
    /// <param name="clock">The broker's clock.</param>
    /// <param name="health">The log directory.</param>
    /// <param name="ordinal">A number of its own for the directory, from 0 on: shards are numbered through.</param>
    public ShardSet(IReadOnlyList<ILoopHost> homes, IClock clock, DirectoryHealth health, int ordinal = 0)
    {
        for (var i = 0; i < Count; i++)
        {
            var index = (ordinal * Count) + i;
            _shards[i] = new PartitionShard(index, new Loop($"shard-{index}", homes[i % homes.Count], clock), health);
        }
    }

    public PartitionShard this[int index] => _shards[index];

    /// <summary>Names who does the slow work; before the first replica comes.</summary>
    public void UseUpkeep(LogUpkeep upkeep)
    {
        foreach (var shard in _shards)
        {
            shard.Upkeep = upkeep;
        }
    }

    /// <summary>The home of a partition: a function of its id and number alone, the same in every run.</summary>
    public PartitionShard Of(Uuid topicId, int partition)
    {
        // Consecutive partitions of a topic come to different shards; the id decides where they begin.
        var start = (topicId.High ^ topicId.Low) * 0x9E3779B97F4A7C15UL;
        return _shards[(int)(((start >> 32) + (uint)partition) % Count)];
    }
}
