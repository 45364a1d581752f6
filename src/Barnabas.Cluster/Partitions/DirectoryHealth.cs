using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Log;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// What is known of the disk below one log directory: whether it has failed, what room it has, how fast it is. Owned by no loop: whoever
/// meets something reports it, and any thread reads, one volatile read a look.
/// </summary>
/// <param name="path">The log directory.</param>
/// <param name="failed">Told once, on the thread that met it, what failed and why: from then on the directory is offline.</param>
public sealed class DirectoryHealth(string path, Action<string, IOException> failed)
{
    private IOException? _failure;

    /// <summary>The log directory.</summary>
    public string Path => path;

    /// <summary>Why the directory is offline, or null. It stays so until the broker is started again.</summary>
    public IOException? Failure => Volatile.Read(ref _failure);

    /// <summary>What may still be written.</summary>
    public DirectoryRoom Room { get; } = new();

    /// <summary>How long writes take.</summary>
    public DirectoryPace Pace { get; } = new();

    /// <summary>
    /// Told, in a turn of the shard, of a replica whose write found no room: nothing of that turn was appended, and the log has to be
    /// rewound before it can go on. Set once, before the first replica comes.
    /// </summary>
    internal Action<Replica>? RanOutOfRoom { get; set; }

    /// <summary>Writes what a log of the directory has staged, counted and timed. In a turn of its shard.</summary>
    /// <exception cref="IOException">The disk failed, or is full.</exception>
    internal void Write(PartitionLog log, Loop loop)
    {
        if (log.HasStaged)
        {
            var startUs = loop.MeasureUs();
            Room.Count(log.WriteStaged());
            var endUs = loop.MeasureUs();
            Pace.Note(endUs - startUs, endUs);
        }
    }

    /// <summary>
    /// Does something to the directory that is done again by itself: nothing once it has failed, no harm where there is no room, and with
    /// any other fault it fails.
    /// </summary>
    public void Guard(Action disk)
    {
        try
        {
            if (Failure is null)
            {
                disk();
            }
        }
        catch (DiskFullException)
        {
            Room.Exhaust();
        }
        catch (IOException e)
        {
            Fail(Path, e);
        }
    }

    /// <summary>Takes the directory offline; nothing when it is already.</summary>
    public void Fail(string what, IOException error)
    {
        if (Interlocked.CompareExchange(ref _failure, error, null) is null)
        {
            failed(what, error);
        }
    }
}
