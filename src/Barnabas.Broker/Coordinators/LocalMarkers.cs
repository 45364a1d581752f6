using Barnabas.Base;
using Barnabas.Cluster.Partitions;
using Barnabas.Cluster.Transactions.Markers;
using Barnabas.Log;

namespace Barnabas.Broker.Coordinators;

/// <summary>
/// The markers of one order on their way to the shards of their partitions. Owned by the loop of the coordinator until <see cref="Post"/>,
/// and by whichever shard acknowledges last after that.
/// </summary>
internal sealed class LocalMarkers(Action<MarkerOutcome> done) : AppendGroup
{
    /// <summary>Kafka's <c>request.timeout.ms</c>, for which it waits.</summary>
    private const int TimeoutMs = 30_000;

    private readonly Dictionary<PartitionShard, AppendTask> _tasks = [];
    private readonly List<(TopicPartition At, PartitionAppend Part)> _parts = [];
    private readonly List<(TopicPartition, ErrorCode)> _failed = [];

    /// <summary>One more marker.</summary>
    public void Add(TopicPartition at, PartitionAppend part)
    {
        var shard = part.Replica!.Shard;
        if (!_tasks.TryGetValue(shard, out var task))
        {
            _tasks[shard] = task = new AppendTask();
            task.Begin(shard, this, committed: true, TimeoutMs);
        }

        task.Add(part);
        _parts.Add((at, part));
    }

    /// <summary>A partition that gets none now.</summary>
    public void Fail(TopicPartition at, ErrorCode error) => _failed.Add((at, error));

    /// <summary>Gives the markers to their shards, or answers at once where there is none.</summary>
    public void Post()
    {
        if (_tasks.Count == 0)
        {
            done(new MarkerOutcome(_failed));
            return;
        }

        Arm(_tasks.Count);
        foreach (var task in _tasks.Values)
        {
            task.Shard.Loop.Post(task);
        }
    }

    /// <inheritdoc/>
    protected override void Appended()
    {
    }

    /// <inheritdoc/>
    protected override void Acknowledged()
    {
        foreach (var (at, part) in _parts)
        {
            if (part.Error != ErrorCode.None)
            {
                _failed.Add((at, part.Error));
            }

            part.Reset();
        }

        done(new MarkerOutcome(_failed));
    }
}
