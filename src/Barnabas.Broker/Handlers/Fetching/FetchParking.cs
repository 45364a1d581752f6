using Barnabas.Base;
using Barnabas.Cluster.Partitions;

namespace Barnabas.Broker.Handlers.Fetching;

/// <summary>
/// The interests of one parked fetch, gathered by shard; made once and used again. Owned by its <see cref="FetchWork"/>, and by the shards
/// while it is registered.
/// </summary>
internal sealed class FetchParking(FetchWork work)
{
    private FetchInterestTask?[] _taskOfShard = new FetchInterestTask?[ShardSet.Count];
    private readonly List<FetchInterestTask> _tasks = [];
    private readonly List<FetchInterest> _interests = [];

    /// <summary>Shards that are involved.</summary>
    public int Count { get; private set; }

    /// <summary>Sorts the partitions by shard; returns how many shards there are. The first of them keeps the time.</summary>
    public int Gather(FetchReads reads, int maxWaitMs)
    {
        Count = 0;
        for (var i = 0; i < reads.Count; i++)
        {
            var replica = reads.Wanted(i).Replica!;
            if (replica.Shard.Index >= _taskOfShard.Length)
            {
                // The shards of one more log directory.
                Array.Resize(ref _taskOfShard, replica.Shard.Index + ShardSet.Count);
            }

            ref var task = ref _taskOfShard[replica.Shard.Index];
            if (task is null)
            {
                if (Count == _tasks.Count)
                {
                    _tasks.Add(new FetchInterestTask());
                }

                task = _tasks[Count];
                task.Begin(replica.Shard, work, Count == 0 ? maxWaitMs : -1);
                Count++;
            }

            if (i == _interests.Count)
            {
                _interests.Add(new FetchInterest());
            }

            task.Add(_interests[i], replica);
        }

        for (var i = 0; i < Count; i++)
        {
            _taskOfShard[_tasks[i].Shard.Index] = null;
        }

        Check.That(Count > 0);
        return Count;
    }

    /// <summary>Registers with every shard.</summary>
    public void Post()
    {
        for (var i = 0; i < Count; i++)
        {
            _tasks[i].Shard.Loop.PostOrRun(_tasks[i]);
        }
    }

    /// <summary>Tells every shard to forget.</summary>
    public void Forget()
    {
        // The last one may give the work back: the count is read before.
        var count = Count;
        for (var i = 0; i < count; i++)
        {
            _tasks[i].Forget();
        }

        for (var i = 0; i < count; i++)
        {
            _tasks[i].Shard.Loop.PostOrRun(_tasks[i]);
        }
    }
}
