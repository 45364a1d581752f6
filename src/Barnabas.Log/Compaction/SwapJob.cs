using Barnabas.Base.Seams;
using Barnabas.Log.Segments;

namespace Barnabas.Log.Compaction;

/// <summary>
/// The files of a group that the log has exchanged already: gives the new ones their names and takes the old ones away. Runs on a
/// background thread, in the order of the log's other jobs: <see cref="Run"/> at once, <see cref="Remove"/> after the topic's delay. Up
/// to the sync of the directory a crash leaves the old segments, from there on the new one, which the next start puts in its place. Owned
/// by whoever claims it first: the background thread, or the log's owner, that has to truncate and waits for nobody else.
/// </summary>
public sealed class SwapJob
{
    private const int Waiting = 0, Running = 1, Ended = 2;
    private static readonly string[] IndexesFirst = [.. SegmentNames.SegmentSuffixes.Reverse()];
    private readonly IDisk _disk;
    private readonly CleanedGroup _group;
    private readonly Segment[] _markers;
    private int _state;

    /// <summary>Holds on to the segments whose markers have to be on the disk first.</summary>
    internal SwapJob(IDisk disk, CleanedGroup group, Segment[] markers)
    {
        _disk = disk;
        _group = group;
        _markers = markers;
        Array.ForEach(markers, segment => segment.Lease.Retain());
    }

    private string Directory => _group.New.Directory;

    /// <summary>
    /// Renames, unless that was done. Nothing when the partition was deleted meanwhile. After a <see cref="DiskFullException"/> it may be
    /// called again.
    /// </summary>
    public void Run()
    {
        if (Interlocked.CompareExchange(ref _state, Running, Waiting) != Waiting)
        {
            return;
        }

        var state = Ended;
        try
        {
            RenameFiles();
        }
        catch (IOException) when (!_disk.DirectoryExists(Directory))
        {
            // The partition was deleted, and the files with it.
        }
        catch (DiskFullException)
        {
            state = Waiting;
            throw;
        }
        finally
        {
            Volatile.Write(ref _state, state);
        }
    }

    /// <summary>Removes the old files and lets go of them. Once only.</summary>
    public void Remove()
    {
        foreach (var segment in _group.Old)
        {
            foreach (var suffix in SegmentNames.SegmentSuffixes.Append(SegmentNames.ProducerSnapshot))
            {
                _disk.Delete(segment.PathOf(suffix) + SegmentNames.Deleted);
            }
        }

        Abandon();
    }

    /// <summary>Lets go of the old files as they are, where neither <see cref="Run"/> nor <see cref="Remove"/> is to come.</summary>
    public void Abandon()
    {
        foreach (var segment in _group.Old.Concat(_markers))
        {
            segment.Lease.Release();
        }
    }

    /// <summary>
    /// For the log's owner, before it changes files by their names: runs the job, or waits until it has run. Where another thread finds no
    /// room meanwhile it runs it itself, and throws what that brings. Blocks.
    /// </summary>
    internal void Settle()
    {
        while (Volatile.Read(ref _state) != Ended)
        {
            Run();
            SpinWait.SpinUntil(() => Volatile.Read(ref _state) != Running);
        }
    }

    private void RenameFiles()
    {
        DeleteLeftovers();

        // What the cleaning went by is on the disk before anything goes for it.
        Array.ForEach(_markers, segment => segment.Data.Sync());
        foreach (var suffix in SegmentNames.SegmentSuffixes)
        {
            FaultPoint.Here("compact.before-swap-name");
            Rename(_group.New.PathOf(suffix), SegmentNames.Cleaned, SegmentNames.Swap);
        }

        FaultPoint.Here("compact.before-swap-is-durable");
        _disk.SyncDirectory(Directory);
        for (var i = _group.Old.Length - 1; i >= 0; i--)
        {
            // The data last: as long as it is there, recovery takes the rest of its segment away with it.
            foreach (var suffix in IndexesFirst)
            {
                FaultPoint.Here("compact.before-old-goes");
                Rename(_group.Old[i].PathOf(suffix), "", SegmentNames.Deleted);
            }

            if (i > 0)
            {
                Rename(_group.Old[i].PathOf(SegmentNames.ProducerSnapshot), "", SegmentNames.Deleted);
            }
        }

        // The data first: with it as .swap, recovery would take indexes without a suffix for the old ones.
        foreach (var suffix in SegmentNames.SegmentSuffixes)
        {
            FaultPoint.Here("compact.before-final-name");
            Rename(_group.New.PathOf(suffix), SegmentNames.Swap, "");
        }

        FaultPoint.Here("compact.before-names-are-durable");
        _disk.SyncDirectory(Directory);
    }

    /// <summary>
    /// What earlier exchanges have left goes before its time, so that what is named <c>.deleted</c> from here on is of this one: where the
    /// next start finds the new data spoiled, it takes those back.
    /// </summary>
    private void DeleteLeftovers()
    {
        foreach (var entry in _disk.List(Directory))
        {
            if (SegmentNames.TryParseAny(entry.Name, SegmentNames.Deleted, out var offset) && offset >= _group.New.BaseOffset)
            {
                _disk.Delete(Path.Join(Directory, entry.Name));
            }
        }
    }

    private void Rename(string path, string from, string to)
    {
        if (_disk.FileExists(path + from))
        {
            _disk.Rename(path + from, path + to);
        }
    }
}
