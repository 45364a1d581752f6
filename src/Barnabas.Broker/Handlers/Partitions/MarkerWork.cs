using Barnabas.Broker.Network;
using Barnabas.Cluster.Partitions;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Partitions;

/// <summary>
/// The markers of one request on their way to the shards of their partitions, and its answer. Owned by the connection's loop until
/// <see cref="Post"/>, and by whichever shard acknowledges last after that.
/// </summary>
internal sealed class MarkerWork(Request request, WriteTxnMarkersResponse response) : AppendGroup
{
    /// <summary>Kafka's <c>request.timeout.ms</c>, for which it waits.</summary>
    private const int TimeoutMs = 30_000;

    private readonly Dictionary<PartitionShard, AppendTask> _tasks = [];
    private readonly List<(PartitionAppend Part, WriteTxnMarkersResponse.WritableTxnMarkerPartitionResult Result)> _parts = [];

    /// <summary>One more marker.</summary>
    public void Add(PartitionAppend part, WriteTxnMarkersResponse.WritableTxnMarkerPartitionResult result)
    {
        var shard = part.Replica!.Shard;
        if (!_tasks.TryGetValue(shard, out var task))
        {
            _tasks[shard] = task = new AppendTask();
            task.Begin(shard, this, committed: true, TimeoutMs);
        }

        task.Add(part);
        _parts.Add((part, result));
    }

    /// <summary>Gives the markers to their shards, or answers at once where there is none.</summary>
    public void Post()
    {
        if (_tasks.Count == 0)
        {
            request.Complete(response);
            return;
        }

        Arm(_tasks.Count);
        foreach (var task in _tasks.Values)
        {
            task.Shard.Loop.PostOrRun(task);
        }
    }

    /// <inheritdoc/>
    protected override void Appended() => request.Applied();

    /// <inheritdoc/>
    protected override void Acknowledged()
    {
        foreach (var (part, result) in _parts)
        {
            result.ErrorCode = part.Error;
            part.Reset();
        }

        request.Complete(response);
    }
}
