using Barnabas.Base.Seams;
using Barnabas.Log.Batches;
using Barnabas.Log.Indexes;
using Barnabas.Log.Producers;
using Barnabas.Log.Segments;

namespace Barnabas.Log.Recovery;

/// <summary>Brings producer states to an offset: the newest good snapshot, then the batch headers behind it. Stateless; blocks.</summary>
internal static class ProducerReplay
{
    /// <summary>
    /// The states as of <paramref name="endOffset"/>, from a snapshot at or below <paramref name="snapshotMax"/>; wrong snapshots are
    /// deleted, and told to <paramref name="onWrong"/>. Aborted transactions whose markers were met are given to
    /// <paramref name="onAborted"/>. Nobody is forgotten here for having been silent: the wall clock may have jumped while the log was
    /// closed, and whoever was not answered sends again with the sequence that it had.
    /// </summary>
    internal static ProducerStates Load(
        IDisk disk,
        ReadOnlySpan<Segment> segments,
        long snapshotMax,
        long endOffset,
        Action<Segment, AbortedTransaction>? onAborted = null,
        Action<string>? onWrong = null)
    {
        var states = new ProducerStates();
        var from = LoadSnapshot(disk, segments[0], snapshotMax, states, onWrong);
        for (var i = 0; i < segments.Length && segments[i].BaseOffset < endOffset; i++)
        {
            var segmentEnd = i + 1 < segments.Length ? segments[i + 1].BaseOffset : long.MaxValue;
            if (segmentEnd > from)
            {
                Replay(segments[i], from, endOffset, states, onAborted);
            }
        }

        return states;
    }

    /// <summary>Keeps the snapshots at the bases of segments and the newest one; the others say nothing that is needed again.</summary>
    internal static void DeleteStaleSnapshots(IDisk disk, string directory, Segment[] segments)
    {
        var snapshots = Snapshots(disk, directory);
        for (var i = 0; i < snapshots.Count - 1; i++)
        {
            if (!Array.Exists(segments, s => s.BaseOffset == snapshots[i]))
            {
                disk.Delete(SegmentNames.PathOf(directory, snapshots[i], SegmentNames.ProducerSnapshot));
            }
        }
    }

    /// <summary>
    /// A snapshot below the first segment is of no use: the batches between are gone, and a gap would refuse what is in order.
    /// </summary>
    private static long LoadSnapshot(IDisk disk, Segment first, long snapshotMax, ProducerStates into, Action<string>? onWrong)
    {
        var snapshots = Snapshots(disk, first.Directory);
        for (var i = snapshots.Count - 1; i >= 0 && snapshots[i] >= first.BaseOffset; i--)
        {
            if (snapshots[i] > snapshotMax)
            {
                continue;
            }

            var path = SegmentNames.PathOf(first.Directory, snapshots[i], SegmentNames.ProducerSnapshot);
            if (ProducerSnapshot.TryLoad(SmallFile.Read(disk, path), into))
            {
                return snapshots[i];
            }

            onWrong?.Invoke(path);
            disk.Delete(path);
        }

        return 0;
    }

    private static List<long> Snapshots(IDisk disk, string directory)
    {
        var offsets = new List<long>();
        foreach (var entry in disk.List(directory))
        {
            if (!entry.IsDirectory && SegmentNames.TryParse(entry.Name, SegmentNames.ProducerSnapshot, out var offset))
            {
                offsets.Add(offset);
            }
        }

        return offsets;
    }

    private static void Replay(
        Segment segment, long from, long endOffset, ProducerStates states, Action<Segment, AbortedTransaction>? onAborted)
    {
        Span<byte> buffer = stackalloc byte[4096];
        Span<byte> marker = stackalloc byte[256];
        var start = segment.PositionOf(from, segment.SizeBytes, mayRead: true);
        var scan = segment.Scan(start, segment.SizeBytes, buffer);
        while (scan.MoveNext(out var frame) && frame.BaseOffset < endOffset)
        {
            scoped ReadOnlySpan<byte> bytes = default;
            if (frame.IsControl && frame.HasProducerId)
            {
                var length = (int)Math.Min(marker.Length, frame.SizeBytes);
                bytes = marker[..segment.Data.Read(marker[..length], scan.Position)];
            }

            if (frame.HasProducerId && states.Note(frame.Header, bytes, frame.BaseOffset, frame.MaxTimestamp) is { } aborted)
            {
                onAborted?.Invoke(segment, aborted);
            }
        }
    }
}
