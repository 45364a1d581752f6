using System.Diagnostics;
using Barnabas.Conformance.Support;

namespace Barnabas.Conformance.Faults.Load;

/// <summary>
/// What a compacted partition has to say of each key: the last record that everybody has to see, or one behind it that nobody can be sure
/// of. Belongs to its writer in a round, to the test between rounds.
/// </summary>
internal sealed class KeyedModel(string topic, int keys)
{
    private static readonly TimeSpan ShowsWithin = TimeSpan.FromSeconds(10);

    /// <summary>By key, what was sent, in the order of the log, from the last sure record on.</summary>
    private readonly List<KeyedRecord>[] _sent = [.. Enumerable.Range(0, keys).Select(_ => new List<KeyedRecord>())];
    private long _end;

    /// <summary>True once most of what was written has been compacted away.</summary>
    public bool HasShrunk { get; private set; }

    /// <summary>True once a record of an aborted transaction was there.</summary>
    public bool HasAborted { get; private set; }

    public void Add(KeyedRecord record) => _sent[record.Key].Add(record);

    public void Acknowledge(KeyedRecord[] records, long offset)
    {
        for (var i = 0; i < records.Length; i++)
        {
            records[i].Offset = offset + i;
        }

        _end = offset + records.Length;
    }

    /// <summary>Reads the partition and looks for what has to be there.</summary>
    /// <param name="connection">To a broker that has come back.</param>
    /// <param name="promise">What may be gone.</param>
    /// <param name="hasOpen">A transaction may be open, and hide what comes behind it.</param>
    public void Verify(MessageConnection connection, Promise promise, bool hasOpen)
    {
        var safeEnd = promise.SafeEnd(topic, 0, _end);
        var (start, end) = Bounds(connection, safeEnd);
        LossException.Unless(end >= safeEnd, $"{topic}: ends at {end}, and {safeEnd} was safe");
        if (promise.MayLose)
        {
            Doubt(safeEnd);
            _end = Math.Min(_end, end);
        }

        var (seen, stable) = KeyedReader.Read(connection, topic, start, promise.MayLose);
        LossException.Unless(stable >= end || hasOpen, $"{topic}: stable up to {stable} of {end}, though nothing is open");
        if (promise.MayLose && stable < safeEnd)
        {
            // The cut took the marker of a transaction that lies here: it is open again, and nobody reads on behind its first record.
            Doubt(stable);
        }

        CheckOrder(seen);
        HasShrunk |= stable - start > 3 * seen.Count;
        HasAborted |= seen.Exists(record => record.IsAborted);
        var last = new SeenKey?[keys];
        seen.Where(record => !record.IsAborted).ToList().ForEach(record => last[record.Key] = record);
        for (var key = 0; key < keys; key++)
        {
            Check(_sent[key], key, last[key]);
        }
    }

    // Where acknowledgements wait for the disk, a broker that has come back shows what it found once that is flushed.
    private (long Start, long End) Bounds(MessageConnection connection, long safeEnd)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var bounds = LogReader.Bounds(connection, topic, 0);
            if (bounds.End >= Math.Max(0, safeEnd) || watch.Elapsed > ShowsWithin)
            {
                return bounds;
            }
        }
    }

    /// <summary>Nobody can be sure any more of what lies from here on, nor of transactions that may have ended there.</summary>
    private void Doubt(long safeEnd)
    {
        foreach (var record in _sent.SelectMany(records => records))
        {
            record.Offset = record.Offset < safeEnd ? record.Offset : -1;
            if (record.Transaction is { } transaction && (transaction.NextOffset < 0 || transaction.NextOffset > safeEnd))
            {
                transaction.IsUnsure = true;
            }
        }
    }

    /// <summary>Everything is there once, in the order in which it was sent, and what was acknowledged is where that was said.</summary>
    private void CheckOrder(List<SeenKey> seen)
    {
        var known = _sent.SelectMany(records => records).Where(record => record.Offset >= 0).ToDictionary(record => record.Offset);
        var last = new SeenKey(-1, -1, -1, false);
        foreach (var record in seen)
        {
            LossException.Unless(record.Offset > last.Offset, $"{topic}: {record} follows {last}");
            LossException.Unless(record.Number < 0 || record.Number > last.Number, $"{topic}: {record} follows {last}");
            last = record with { Number = Math.Max(last.Number, record.Number) };
            if (known.TryGetValue(record.Offset, out var sent))
            {
                LossException.Unless(
                    sent.Key == record.Key && (record.Number < 0 ? sent.IsTombstone : record.Number == sent.Number),
                    $"{topic}: {sent.Number} of {sent.Key} was acknowledged where {record} is");
                LossException.Unless(
                    !record.IsAborted || sent.Transaction is { IsCommitted: false }, $"{topic}: {record} is taken for aborted");
            }
        }
    }

    private void Check(List<KeyedRecord> sent, int key, SeenKey? seen)
    {
        var sure = sent.FindLastIndex(record => record.Offset >= 0 && record.Transaction is null or { IsCommitted: true });
        var possible = sent.Skip(Math.Max(0, sure)).Where(record => record.Transaction is not { IsAborted: true });
        var isGone = seen is null or { Number: < 0 };
        var isRight = isGone
            ? sure < 0 || possible.Any(record => record.IsTombstone)
            : possible.Any(record => !record.IsTombstone && record.Number == seen!.Value.Number);
        LossException.Unless(isRight, $"{topic}: key {key} is {seen?.ToString() ?? "not there"}, and was "
            + string.Join(", ", possible.Select(record => $"{record.Number}{(record.IsTombstone ? " deleted" : "")} at {record.Offset}")));
        sent.RemoveRange(0, Math.Max(0, sure));
    }
}
