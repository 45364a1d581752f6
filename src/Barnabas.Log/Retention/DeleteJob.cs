using Barnabas.Base.Seams;
using Barnabas.Log.Flushing;
using Barnabas.Log.Segments;

namespace Barnabas.Log.Retention;

/// <summary>
/// Files of segments that have left their log. Owned by the background thread that runs it, jobs of one log in the order they were
/// made: <see cref="Rename"/> at once, <see cref="Remove"/> after the topic's delay. Open slices keep their bytes until they are sent. A
/// crash between leaves files that the next start removes.
/// </summary>
public sealed class DeleteJob
{
    private readonly IDisk _disk;
    private readonly string _directory;
    private readonly Segment[] _segments;
    private readonly FlushJob _before;
    private bool _hasRunBefore;

    internal DeleteJob(IDisk disk, string directory, Segment[] segments, FlushJob before)
    {
        _disk = disk;
        _directory = directory;
        _segments = segments;
        _before = before;
    }

    /// <summary>Segments that go.</summary>
    public int SegmentCount => _segments.Length;

    /// <summary>
    /// Marks the files as deleted, the oldest segment first, so that a crash leaves no hole. Nothing when the partition was deleted
    /// meanwhile. After a <see cref="DiskFullException"/> it may be called again.
    /// </summary>
    public void Rename()
    {
        if (!_hasRunBefore)
        {
            _before.RunAndHold();
            _before.Abandon();
            _hasRunBefore = true;
        }

        try
        {
            RenameFiles();
        }
        catch (IOException) when (!_disk.DirectoryExists(_directory))
        {
            // The partition was deleted, and the files with it.
        }
    }

    /// <summary>Removes the files and lets go of them. Once only.</summary>
    public void Remove()
    {
        foreach (var (path, segment) in Files())
        {
            FaultPoint.Here("delete.before-remove");
            _disk.Delete(path + SegmentNames.Deleted);
            if (path.EndsWith(SegmentNames.Data, StringComparison.Ordinal))
            {
                segment.Lease.Release();
            }
        }
    }

    /// <summary>Lets go of the files as they are, where neither <see cref="Rename"/> nor <see cref="Remove"/> is to come.</summary>
    public void Abandon()
    {
        if (!_hasRunBefore)
        {
            _before.Abandon();
        }

        foreach (var segment in _segments)
        {
            segment.Lease.Release();
        }
    }

    private void RenameFiles()
    {
        foreach (var (path, _) in Files())
        {
            if (_disk.FileExists(path))
            {
                FaultPoint.Here("delete.before-rename");
                _disk.Rename(path, path + SegmentNames.Deleted);
            }
        }

        FaultPoint.Here("delete.before-directory-sync");
        _disk.SyncDirectory(_directory);
    }

    private IEnumerable<(string Path, Segment Segment)> Files()
    {
        foreach (var segment in _segments)
        {
            foreach (var suffix in SegmentNames.SegmentSuffixes)
            {
                yield return (segment.PathOf(suffix), segment);
            }

            yield return (segment.PathOf(SegmentNames.ProducerSnapshot), segment);
        }
    }
}
