using Barnabas.Base.Loops;
using Barnabas.Log;
using Barnabas.Log.Retention;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// When a replica's log goes to the disk: by count and by time as the topic asks, closed segments always; and which jobs have its files.
/// Owned by the partition's shard.
/// </summary>
internal sealed class ReplicaFlushes(Replica replica)
{
    private bool _isRunning;
    private int _deletes;
    private bool _isDue;
    private ActionTimer? _timer;

    /// <summary>What this node counts as having: the log's end, or what is on the disk where too much behind it is not.</summary>
    public long KeptEnd => UnflushedCount > Config.UnflushedMax ? Math.Min(Log.RecoveryPoint, Log.LogEndOffset) : Log.LogEndOffset;

    private PartitionLog Log => replica.Log;

    private LogConfig Config => replica.State.Config;

    // Records that are not known to be on the disk.
    private long UnflushedCount => Log.LogEndOffset - Log.RecoveryPoint;

    /// <summary>
    /// At the end of a turn. One flush at a time: what comes meanwhile goes with the next, which makes a commit of all that waited.
    /// </summary>
    public void FlushIfNeeded()
    {
        var includesActive = UnflushedCount > (_isDue ? 0 : Config.UnflushedMax);
        if (!_isRunning && (includesActive || Log.HasFlushWork))
        {
            _isRunning = true;
            _isDue &= !includesActive;
            replica.Shard.Upkeep.Flush(replica, includesActive);
        }
        else if (UnflushedCount > 0 && Config.FlushMs != long.MaxValue && _timer is not { IsSet: true })
        {
            var loop = replica.Shard.Loop;
            _timer ??= new ActionTimer(FlushByTime);
            loop.Timers.Set(_timer, loop.DueIn(Config.FlushMs));
        }
    }

    /// <summary>
    /// True while a job has the log's files: it would bring indexes and snapshots back that a truncation takes away.
    /// </summary>
    public bool HasJobs => _isRunning || _deletes > 0;

    /// <summary>A flush has come back.</summary>
    public void Ended() => _isRunning = false;

    /// <summary>Old segments are given to a job, or nothing is to be deleted.</summary>
    public DeleteJob? DeleteBegins(DeleteJob? job)
    {
        _deletes += job is null ? 0 : 1;
        return job;
    }

    /// <summary>Their files are out of the way.</summary>
    public void DeleteEnded() => _deletes--;

    /// <summary>The log is out of service: no timer goes off any more.</summary>
    public void Stop()
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
