using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// The shards of one broker and where a partition belongs. Fixed at start; any thread may read.
/// </summary>
public sealed class ShardSet
{
    /// <summary>Shards of a broker: many more than cores, so that two busy partitions seldom meet.</summary>
    public const int Count = 64;

    private readonly PartitionShard[] _shards = new PartitionShard[Count];

    /// <summary>Makes the shards, each at home on one of the hosts in turn.</summary>
    public ShardSet(IReadOnlyList<ILoopHost> homes, IClock clock, Action<Replica, IOException> diskFailed)
    {
        for (var i = 0; i < Count; i++)
        {
            _shards[i] = new PartitionShard(i, new Loop($"shard-{i}", homes[i % homes.Count], clock), diskFailed);
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
