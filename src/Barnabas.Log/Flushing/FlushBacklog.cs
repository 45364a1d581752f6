using Barnabas.Base.Seams;
using Barnabas.Log.Epochs;
using Barnabas.Log.Recovery;
using Barnabas.Log.Segments;

namespace Barnabas.Log.Flushing;

/// <summary>Why a flush is taken.</summary>
internal enum CloseState
{
    /// <summary>The log goes on.</summary>
    Open,

    /// <summary>The log closes, with data that may not be synced yet.</summary>
    Closing,

    /// <summary>The log closes, and all its data was synced before.</summary>
    Idle,
}

/// <summary>What was changed and not handed to a flush yet. The log's owner alone uses it.</summary>
internal sealed class FlushBacklog(IDisk disk, string directory)
{
    private const int SealedPerJobMax = 8;
    private readonly List<Segment> _sealed = [];
    private readonly List<(long Offset, byte[] Bytes)> _snapshots = [];
    private bool _epochsChanged;
    private bool _directoryChanged;
    private bool _wasTruncated;

    /// <summary>
    /// True when a roll or a truncation waits to be made durable. A new directory or a new epoch is not in a hurry: until the recovery
    /// point moves, which takes a flush, recovery finds both in the batches. That is a file less for each of many new partitions.
    /// </summary>
    internal bool HasWork => _sealed.Count > 0 || _snapshots.Count > 0 || _wasTruncated;

    /// <summary>What opening a log left to be made durable.</summary>
    internal static FlushBacklog Of(LoadedLog loaded)
    {
        var backlog = new FlushBacklog(loaded.Disk, loaded.DirectoryPath) { _directoryChanged = true };
        backlog._sealed.AddRange(loaded.Unflushed);
        backlog._epochsChanged = !ReferenceEquals(loaded.Epochs, loaded.StoredEpochs);
        return backlog;
    }

    internal void AddSealed(Segment segment) => _sealed.Add(segment);

    internal void AddSnapshot(long offset, byte[] bytes) => _snapshots.Add((offset, bytes));

    /// <summary>How many of the segments come before the first that waits to be flushed.</summary>
    internal int CountBefore(ReadOnlySpan<Segment> segments)
    {
        var count = 0;
        while (count < segments.Length && !_sealed.Contains(segments[count]))
        {
            count++;
        }

        return count;
    }

    internal void OnEpochs() => _epochsChanged = true;

    internal void OnDirectory() => _directoryChanged = true;

    /// <summary>Forgets what a truncation took away: segments that are gone or were cut, and snapshots behind the new end.</summary>
    internal void Keep(Segment[] segments, long logEnd)
    {
        _sealed.RemoveAll(segment => !segments.Contains(segment));
        _snapshots.RemoveAll(snapshot => snapshot.Offset > logEnd);
        _epochsChanged = true;
        _directoryChanged = true;
        _wasTruncated = true;
    }

    /// <summary>Forgets segments that are deleted.</summary>
    internal void Remove(ReadOnlySpan<Segment> deleted)
    {
        foreach (var segment in deleted)
        {
            _sealed.Remove(segment);
        }
    }

    /// <summary>
    /// Hands the oldest of what a log that goes on has sealed over to a job: little enough that recovery has a point to begin at soon, and
    /// others have their turn, when a crash has left a long log unflushed. <paramref name="endOffset"/> is where the active segment begins.
    /// </summary>
    internal FlushJob TakeSome(long endOffset, int generation, LeaderEpochs epochs)
    {
        if (_sealed.Count <= SealedPerJobMax)
        {
            return Take(null, endOffset, generation, epochs);
        }

        var later = _sealed[SealedPerJobMax..];
        _sealed.RemoveRange(SealedPerJobMax, later.Count);
        var end = later[0].BaseOffset;
        var laterSnapshots = _snapshots.FindAll(snapshot => snapshot.Offset > end);
        _snapshots.RemoveAll(snapshot => snapshot.Offset > end);
        var job = Take(null, end, generation, epochs);
        _sealed.AddRange(later);
        _snapshots.AddRange(laterSnapshots);
        _directoryChanged = true;
        return job;
    }

    /// <summary>Hands all of it over to a job.</summary>
    internal FlushJob Take(Segment? active, long endOffset, int generation, LeaderEpochs epochs, CloseState close = CloseState.Open)
    {
        var job = new FlushJob(disk, directory)
        {
            Sealed = [.. _sealed],
            Active = active,
            IsClose = close != CloseState.Open,
            IsDataSynced = close == CloseState.Idle,
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
        _wasTruncated = false;
        return job.Hold();
    }
}
