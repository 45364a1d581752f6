using System.Diagnostics;
using Barnabas.Conformance.Support;

namespace Barnabas.Conformance.Faults.Load;

/// <summary>What may take the first records of a partition away.</summary>
/// <param name="RetentionBytes">Kept at least, or 0 when size takes nothing.</param>
/// <param name="RetentionMs">Kept at least so long, or 0 when time takes nothing.</param>
internal sealed record Trimming(long RetentionBytes = 0, long RetentionMs = 0);

/// <summary>
/// A partition with the writers that share it, and what has to be in it. Belongs to the test between rounds; the writers read its name.
/// </summary>
internal sealed class PartitionModel(string topic, int number, Trimming trimming)
{
    private static readonly TimeSpan ShowsWithin = TimeSpan.FromSeconds(10);

    // Offsets that power cuts took out of what was not flushed.
    private readonly List<(long From, long To)> _holes = [];
    private long _seenEnd;

    public string Topic => topic;

    public int Number => number;

    public List<RecordWriter> Writers { get; } = [];

    /// <summary>No client has asked to delete records from this offset on.</summary>
    public long DeletesBelow { get; set; }

    /// <summary>The first offset at the last look.</summary>
    public long Start { get; private set; }

    /// <summary>True where records go from the front by themselves.</summary>
    public bool IsTrimmed => trimming.RetentionBytes > 0 || trimming.RetentionMs > 0;

    /// <summary>Acknowledged batches that were lost where that is allowed.</summary>
    public int Lost { get; private set; }

    /// <summary>
    /// Reads what is new since the last look, or all with <paramref name="isWhole"/>, and finds every acknowledged record at its offset,
    /// every writer's records in order and once.
    /// </summary>
    public void Verify(MessageConnection connection, Promise promise, bool isWhole)
    {
        var safeEnd = promise.SafeEnd(topic, number, Math.Max(_seenEnd, Writers.Max(writer => writer.AcknowledgedEnd)));
        var (start, from, end, seen) = Read(connection, (safeEnd, promise.MayLose ? safeEnd : long.MaxValue), isWhole || promise.MayLose);
        LossException.Unless(end >= safeEnd, $"{this}: ends at {end}, and {safeEnd} was safe");
        if (end < _seenEnd || promise.MayLose)
        {
            Lost += Writers.Sum(writer => writer.Forget(end, _holes));
        }

        if (from == start)
        {
            Writers.ForEach(writer => writer.LooksAgain());
        }

        var first = new HashSet<int>();
        foreach (var record in seen)
        {
            var writer = Writers.Find(w => w.Id == record.Writer);
            LossException.Unless(writer is not null, $"{this}: record {record.Number} at {record.Offset} is of {record.Writer}");
            writer!.See(record.Number, record.Offset, from == start && first.Add(record.Writer));
        }

        var bytes = seen.Length == 0 ? 0 : seen.Sum(record => record.Number % 97) + (seen.Length * 10L);
        Writers.ForEach(writer => Find(writer, seen, (start, from, end), bytes));
        (Start, _seenEnd) = (start, end);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{topic}-{number}";

    private (long Start, long From, long End, SeenRecord[] Seen) Read(
        MessageConnection connection, (long SafeEnd, long HolesFrom) promised, bool isWhole)
    {
        while (true)
        {
            var (start, end) = Bounds(connection, promised.SafeEnd);
            var from = isWhole || end < _seenEnd ? start : Math.Max(start, _seenEnd);
            try
            {
                var seen = LogReader.Read(connection, topic, number, (from, end), (at, to) => NoteHole(at, to, promised.HolesFrom));
                return (start, from, end, seen.ToArray());
            }
            catch (RecordsGoneException) when (IsTrimmed)
            {
                // Retention goes on while it is read.
            }
        }
    }

    /// <summary>A hole is one that is known, or reaches over what was not safe.</summary>
    private void NoteHole(long from, long to, long safeFrom)
    {
        var at = from;
        while (_holes.Find(hole => hole.From <= at && at < hole.To) is { To: > 0 } known)
        {
            at = known.To;
        }

        LossException.Unless(at >= Math.Min(to, safeFrom), $"{this}: a hole from {from} to {to}, and {safeFrom} was safe");
        if (at < to)
        {
            _holes.Add((from, to));
        }
    }

    // Where acknowledgements wait for the disk, a broker that has come back shows what it found once that is flushed.
    private (long Start, long End) Bounds(MessageConnection connection, long safeEnd)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var bounds = LogReader.Bounds(connection, topic, number);
            if (bounds.End >= Math.Max(0, safeEnd) || watch.Elapsed > ShowsWithin)
            {
                return bounds;
            }
        }
    }

    private void Find(RecordWriter writer, SeenRecord[] seen, (long Start, long From, long End) read, long bytes)
    {
        var nowMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        foreach (var batch in writer.Acknowledged)
        {
            LossException.Unless(
                batch.Offset + batch.Count <= read.End,
                $"{writer.Name}: {batch.First} was acknowledged at {batch.Offset}, behind {read.End}");
            for (var i = 0; i < batch.Count; i++)
            {
                var offset = batch.Offset + i;
                if (offset < read.Start)
                {
                    MayBeGone(writer, batch, offset, nowMs, read, bytes);
                }
                else if (offset >= read.From)
                {
                    var at = Array.BinarySearch(seen, new SeenRecord(offset, 0, 0), ByOffset.Instance);
                    LossException.Unless(
                        at >= 0 && seen[at].Writer == writer.Id && seen[at].Number == batch.First + i,
                        $"{writer.Name}: {batch.First + i} was acknowledged at {offset}, where {(at < 0 ? "nothing" : seen[at])} is");
                }
            }
        }

        writer.Acknowledged.RemoveAll(batch => batch.Offset + batch.Count <= read.Start);
    }

    private void MayBeGone(
        RecordWriter writer, SentBatch batch, long offset, long nowMs, (long Start, long From, long End) read, long bytes)
    {
        var isOld = trimming.RetentionMs > 0 && batch.TimestampMs + trimming.RetentionMs <= nowMs;
        var isMuch = trimming.RetentionBytes > 0 && (read.From > read.Start || bytes >= trimming.RetentionBytes / 2);
        LossException.Unless(
            isOld || isMuch || offset < DeletesBelow,
            $"{writer.Name}: {batch.First} was acknowledged at {offset}, and {this} begins at {read.Start}; {trimming}, "
            + $"{DeletesBelow} deleted");
    }

    private sealed class ByOffset : IComparer<SeenRecord>
    {
        public static readonly ByOffset Instance = new();

        public int Compare(SeenRecord x, SeenRecord y) => x.Offset.CompareTo(y.Offset);
    }
}
