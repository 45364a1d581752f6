using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Log;

namespace Barnabas.Cluster.Partitions;

/// <summary>One change to the files of a log.</summary>
/// <param name="Log">Whose files they are.</param>
/// <param name="Run">Makes it; after a <see cref="DiskFullException"/> it may run again.</param>
/// <param name="Drop">Lets go of what it holds, where it is never to run: the partition has gone, or its directory has failed.</param>
internal readonly record struct UpkeepJob(PartitionLog Log, Action Run, Action Drop);

/// <summary>
/// Changes to the files of a log directory, in the order in which they were given: one that finds no room has all others wait with it until
/// there is some. Owned by the loop of the directory's upkeep.
/// </summary>
internal sealed class UpkeepQueue
{
    private const long AgainUs = 500_000;
    private readonly Loop _loop;
    private readonly DirectoryHealth _health;
    private readonly ActionTimer _again;
    private Queue<UpkeepJob> _jobs = new();
    private bool _isEnding;

    /// <summary>Empty.</summary>
    /// <param name="loop">The upkeep's.</param>
    /// <param name="health">Told of no room, and of the disk's failure.</param>
    public UpkeepQueue(Loop loop, DirectoryHealth health)
    {
        _loop = loop;
        _health = health;
        _again = new ActionTimer(RunAll);
    }

    /// <summary>Runs a job behind those that wait: now, if none does.</summary>
    public void Add(UpkeepJob job)
    {
        _jobs.Enqueue(job);
        if (_jobs.Count == 1)
        {
            RunAll();
        }
    }

    /// <summary>Drops what waits for a log that has gone: it must not run when another has the directory's name.</summary>
    public void Drop(PartitionLog log)
    {
        var waiting = _jobs;
        _jobs = new Queue<UpkeepJob>(waiting.Where(job => job.Log != log));
        foreach (var job in waiting.Where(job => job.Log == log))
        {
            job.Drop();
        }
    }

    /// <summary>True when jobs wait for room.</summary>
    public bool IsWaiting => _jobs.Count > 0;

    /// <summary>
    /// From now on nothing waits: where there is no room, the logs cannot be closed, and the directory fails. The next start recovers.
    /// </summary>
    public void End()
    {
        _isEnding = true;
        _loop.Timers.Cancel(_again);
        RunAll();
    }

    private void RunAll()
    {
        while (_jobs.TryPeek(out var job))
        {
            // What could not be flushed once is never tried again.
            if (_health.Failure is not null)
            {
                _jobs.Dequeue();
                job.Drop();
                continue;
            }

            try
            {
                job.Run();
                _jobs.Dequeue();
            }
            catch (DiskFullException) when (!_isEnding)
            {
                _health.Room.Exhaust();
                _loop.Timers.Set(_again, _loop.NowUs + AgainUs);
                return;
            }
            catch (IOException e)
            {
                _health.Fail($"{job.Log.Partition}", e);
            }
        }
    }
}
