using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Partitions;

namespace Barnabas.Simulation.Checkers;

/// <summary>A copy of a coordinator that reads along in its log. Owned by the world, for one life of the node.</summary>
internal abstract class CoordinatorShadow
{
    /// <summary>Reads what is new in the log, and compares with the coordinator where anything was.</summary>
    public abstract void Look();
}

/// <summary>A copy of a coordinator that reads along in its log. Owned by the world, for one life of the node.</summary>
/// <param name="replica">Where both live.</param>
/// <param name="make">Makes a coordinator that nobody asks anything.</param>
/// <param name="codec">Its records.</param>
/// <param name="say">All of a coordinator that is replicated, as text.</param>
internal sealed class CoordinatorShadow<TMachine, TRecord>(
    Replica replica, Func<TMachine> make, RecordCodec<TRecord> codec, Func<TMachine, string> say) : CoordinatorShadow
    where TMachine : class, IMachine<TRecord>
    where TRecord : class
{
    private readonly PartitionReplay<TRecord> _replay = new(replica, codec, 1 << 20);
    private int _epoch = -1;
    private long _next;

    /// <summary>What the log says, to its end.</summary>
    public TMachine Copy { get; private set; } = make();

    /// <summary>All of the log is read again, which ends at an offset now; null for nobody to be told.</summary>
    public Action<long>? Restarted { get; init; }

    /// <summary>A record was read; null for nobody to be told.</summary>
    public Action<TRecord, long>? Read { get; init; }

    /// <summary>Where the log's high watermark is; null for nobody to be told.</summary>
    public Action<long>? Committed { get; init; }

    /// <inheritdoc/>
    public override void Look()
    {
        var view = replica.View;
        if (replica.Failure is not null || view.IsClosed)
        {
            return;
        }

        if (_epoch != replica.State.LeaderEpoch || view.LogEndOffset < _next)
        {
            _epoch = replica.State.LeaderEpoch;
            Restart();
        }

        if (ReadOn() && replica.Resident is PartitionMachine<TMachine, TRecord> { Host.State: MachineState.Active } live)
        {
            Compare(live.Host.Machine);
        }

        Committed?.Invoke(view.HighWatermark);
    }

    /// <summary>Reads all of the log once more, and compares.</summary>
    public void CompareFromStart()
    {
        if (replica is { Failure: null, View.IsClosed: false })
        {
            Restart();
            Look();
        }
    }

    private void Restart()
    {
        Copy = make();
        _next = replica.View.LogStartOffset;
        Restarted?.Invoke(replica.View.LogEndOffset);
    }

    private bool ReadOn()
    {
        var isNew = false;
        while (_next < replica.View.LogEndOffset)
        {
            var piece = _replay.Read(_next);
            foreach (var (record, offset) in piece.Records)
            {
                Copy.Replay(record, offset);
                Read?.Invoke(record, offset);
            }

            Check.That(piece.NextOffset > _next);
            _next = piece.NextOffset;
            isNew = true;
        }

        return isNew;
    }

    private void Compare(TMachine live)
    {
        var (there, read) = (say(live), say(Copy));
        ViolationException.Unless(there == read, $"{replica.Partition}: the coordinator has\n{there}\nand its log says\n{read}");
    }
}
