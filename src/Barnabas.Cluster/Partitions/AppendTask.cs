using Barnabas.Base;
using Barnabas.Base.Loops;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// One shard's parts of an append, owned by the shard from the post to the acknowledgement. Reused by its maker.
/// </summary>
public sealed class AppendTask : LoopTask
{
    private readonly AppendTimeout _timeout;
    private PartitionAppend? _first;
    private PartitionAppend? _last;
    private PartitionShard? _shard;
    private AppendGroup? _group;
    private int _unacknowledged;
    private bool _committed;
    private long _timeoutUs;

    public AppendTask() => _timeout = new AppendTimeout(this);

    /// <summary>The next task of this shard's turn.</summary>
    internal AppendTask? NextInTurn { get; set; }

    /// <summary>The shard that the parts belong to.</summary>
    public PartitionShard Shard => _shard!;

    /// <summary>Starts an empty task.</summary>
    /// <param name="shard">Home of all the parts that follow.</param>
    /// <param name="group">Told when the parts are appended and acknowledged.</param>
    /// <param name="committed">True to acknowledge when the high watermark has passed (acks=all), false when appended.</param>
    /// <param name="timeoutMs">Longest wait for the high watermark.</param>
    public void Begin(PartitionShard shard, AppendGroup group, bool committed, int timeoutMs)
    {
        _shard = shard;
        _group = group;
        _committed = committed;
        _timeoutUs = Math.Max(0, timeoutMs) * 1000L;
        _first = null;
        _last = null;
        _unacknowledged = 0;
    }

    /// <summary>Adds a part whose replica belongs to this task's shard.</summary>
    public void Add(PartitionAppend part)
    {
        Check.That(part.Replica!.Shard == _shard);
        part.Task = this;
        part.Committed = _committed;
        part.NextInTask = null;
        if (_last is null)
        {
            _first = part;
        }
        else
        {
            _last.NextInTask = part;
        }

        _last = part;
    }

    /// <inheritdoc/>
    public override void Run()
    {
        for (var part = _first; part is not null; part = part.NextInTask)
        {
            part.Replica!.Append(part);
        }

        _shard!.EndsThisTurn(this);
    }

    /// <summary>Called by the shard at the end of the turn, after the write: parks what is not committed and reports the rest.</summary>
    internal void Settle()
    {
        for (var part = _first; part is not null; part = part.NextInTask)
        {
            if (part.Error == ErrorCode.None && !part.IsHeld && (_committed || WaitsForDisk(part)) && part.Replica!.Park(part))
            {
                _unacknowledged++;
            }
        }

        if (_unacknowledged > 0)
        {
            var loop = _shard!.Loop;
            loop.Timers.Set(_timeout, loop.NowUs + _timeoutUs);
        }

        _group!.ReportAppended(_unacknowledged == 0);
    }

    /// <summary>The replica could not be written in this turn: nothing of it was appended.</summary>
    internal void FailParts(Replica replica, ErrorCode error)
    {
        for (var part = _first; part is not null; part = part.NextInTask)
        {
            if (part.Replica == replica && part.Error == ErrorCode.None)
            {
                part.Refuse(error);
            }
        }
    }

    /// <summary>One parked part has its outcome.</summary>
    internal void Acknowledge()
    {
        if (--_unacknowledged == 0)
        {
            _shard!.Loop.Timers.Cancel(_timeout);
            _group!.ReportAcknowledged();
        }
    }

    private static bool WaitsForDisk(PartitionAppend part) => part.Replica!.State.Config.UnflushedMax != long.MaxValue;

    private void TimeOut()
    {
        // The last Acknowledge may hand the task back to its maker: look no further than the count seen here.
        var left = _unacknowledged;
        for (var part = _first; left > 0; )
        {
            var next = part!.NextInTask;
            if (part.Replica!.Unpark(part))
            {
                part.Error = ErrorCode.RequestTimedOut;
                left--;
                Acknowledge();
            }

            part = next;
        }
    }

    /// <summary>Owned by the shard's loop.</summary>
    private sealed class AppendTimeout(AppendTask task) : TimerEntry
    {
        public override void Fire() => task.TimeOut();
    }
}
