using Barnabas.Base.Loops;
using Barnabas.Log;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// When a replica's log is flushed: one flush at a time, and what comes meanwhile goes with the next, which makes a commit of all that
/// waited. Owned by the replica's shard.
/// </summary>
internal sealed class ReplicaFlush(Replica replica)
{
    private bool _isRunning;
    private bool _isDue;
    private ActionTimer? _timer;

    /// <summary>Begins one if there is something to flush, or sets the time for it.</summary>
    public void BeginIfNeeded(LogConfig config)
    {
        var (loop, unflushed) = (replica.Shard.Loop, replica.UnflushedCount);
        var includesActive = unflushed > (_isDue ? 0 : config.UnflushedMax);
        if (!_isRunning && (includesActive || replica.Log.HasFlushWork))
        {
            _isRunning = true;
            _isDue &= !includesActive;
            replica.Shard.Upkeep.Flush(replica, includesActive);
        }
        else if (unflushed > 0 && config.FlushMs != long.MaxValue && _timer is not { IsSet: true })
        {
            _timer ??= new ActionTimer(FlushByTime);
            loop.Timers.Set(_timer, loop.DueIn(config.FlushMs));
        }
    }

    /// <summary>The one that ran has come back.</summary>
    public void Ended() => _isRunning = false;

    /// <summary>None by time any more.</summary>
    public void Cancel()
    {
        if (_timer is not null)
        {
            replica.Shard.Loop.Timers.Cancel(_timer);
        }
    }

    private void FlushByTime()
    {
        _isDue = true;
        replica.Touch();
    }
}
