using Barnabas.Base.Seams;
using Barnabas.Log.Epochs;
using Barnabas.Log.Segments;

namespace Barnabas.Log.Flushing;

/// <summary>What was changed and not handed to a flush yet. The log's owner alone uses it.</summary>
internal sealed class FlushBacklog(IDisk disk, string directory)
{
    private readonly List<Segment> _sealed = [];
    private readonly List<(long Offset, byte[] Bytes)> _snapshots = [];
    private bool _epochsChanged;
    private bool _directoryChanged;

    /// <summary>True when a roll or a new epoch waits to be made durable.</summary>
    internal bool HasWork => _sealed.Count > 0 || _snapshots.Count > 0 || _epochsChanged || _directoryChanged;

    internal void AddSealed(Segment segment) => _sealed.Add(segment);

    internal void AddSnapshot(long offset, byte[] bytes) => _snapshots.Add((offset, bytes));

    internal void OnEpochs() => _epochsChanged = true;

    internal void OnDirectory() => _directoryChanged = true;

    /// <summary>Forgets what a truncation took away.</summary>
    internal void TruncateTo(long offset)
    {
        _sealed.RemoveAll(segment => segment.BaseOffset >= offset);
        _snapshots.RemoveAll(snapshot => snapshot.Offset > offset);
    }

    /// <summary>Forgets segments that are deleted.</summary>
    internal void Remove(ReadOnlySpan<Segment> deleted)
    {
        foreach (var segment in deleted)
        {
            _sealed.Remove(segment);
        }
    }

    /// <summary>Hands all of it over to a job.</summary>
    internal FlushJob Take(Segment? active, long endOffset, int generation, LeaderEpochs epochs, bool isClose)
    {
        var job = new FlushJob(disk, directory)
        {
            Sealed = [.. _sealed],
            Active = active,
            IsClose = isClose,
            Snapshots = [.. _snapshots],
            Epochs = _epochsChanged ? epochs : null,
            IsDirectoryChanged = _directoryChanged,
            EndOffset = endOffset,
            Generation = generation,
        };
        _sealed.Clear();
        _snapshots.Clear();
        _epochsChanged = false;
        _directoryChanged = false;
        return job;
    }
}
