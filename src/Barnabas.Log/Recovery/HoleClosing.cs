using Barnabas.Base.Seams;
using Barnabas.Log.Segments;

namespace Barnabas.Log.Recovery;

/// <summary>
/// Takes bad bytes out of a data file. Stateless; blocks; only for who recovers the log. A crash leaves the file as it was or as it shall
/// be, and what it left beside it is removed by the next start.
/// </summary>
internal static class HoleClosing
{
    private const int PieceBytes = 1 << 20;

    /// <summary>Closes the holes of a segment; the open file that comes back has only what lies around them.</summary>
    internal static IDiskFile Run(IDisk disk, Segment segment, LogDamage[] holes)
    {
        var path = segment.PathOf(SegmentNames.Data);
        var temporary = path + ".tmp";
        using (var copy = disk.Open(temporary, FileOpen.CreateOrTruncate))
        {
            var (from, to) = (0L, 0L);
            foreach (var hole in holes)
            {
                to += Copy(segment.Data, from, hole.Position, copy, to);
                from = hole.EndPosition;
            }

            Copy(segment.Data, from, segment.Data.Length, copy, to);
            copy.Sync();
        }

        FaultPoint.Here("holes.before-rename");
        disk.Rename(temporary, path);
        disk.SyncDirectory(segment.Directory);
        return disk.Open(path, FileOpen.ReadWrite);
    }

    private static long Copy(IDiskFile source, long from, long end, IDiskFile target, long to)
    {
        var piece = new byte[(int)Math.Min(PieceBytes, end - from)];
        for (var at = from; at < end;)
        {
            var read = source.Read(piece.AsSpan(0, (int)Math.Min(piece.Length, end - at)), at);
            if (read == 0)
            {
                throw new IOException($"{source.Path} became shorter while it was recovered");
            }

            target.Write(piece.AsSpan(0, read), to + at - from);
            at += read;
        }

        return end - from;
    }
}
