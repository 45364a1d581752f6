namespace Barnabas.Simulation.Checkers;

/// <summary>
/// What compaction may take out of one partition: whatever has a newer record of its key behind it, and a tombstone that is old enough,
/// which then takes all older records of its key with it. Owned by the partition's history.
/// </summary>
/// <param name="name">Topic and partition, for messages.</param>
/// <param name="deleteRetentionMs">How long tombstones stay at least.</param>
internal sealed class CompactionModel(string name, long deleteRetentionMs)
{
    private readonly SortedDictionary<long, LoggedBatch> _kept = [];
    private readonly Dictionary<string, Newest> _newest = [];
    private readonly Dictionary<long, List<(string Key, Newest Record)>> _undecided = [];

    /// <summary>Batches as the log has them now, some of them thinned.</summary>
    public IEnumerable<LoggedBatch> Kept => _kept.Values;

    /// <summary>How often the log was found compacted.</summary>
    public int Exchanges { get; private set; }

    /// <summary>The log has lost its end: all batches come again.</summary>
    public void Clear()
    {
        _kept.Clear();
        _newest.Clear();
        _undecided.Clear();
    }

    /// <summary>A batch stands in the log, whole.</summary>
    /// <param name="batch">The next one.</param>
    /// <param name="nowMs">When it was seen first, or long ago where that is not known.</param>
    public void Add(LoggedBatch batch, long nowMs)
    {
        _kept[batch.BaseOffset] = batch;
        if (batch.IsControl)
        {
            Decide(batch);
            return;
        }

        for (var i = 0; i < batch.Keys.Length; i++)
        {
            var record = new Newest(batch.Offsets[i], batch.Values[i] == LoggedBatch.Tombstone, nowMs);
            if (!batch.IsTransactional)
            {
                _newest[batch.Keys[i]] = record;
                continue;
            }

            if (!_undecided.TryGetValue(batch.ProducerId, out var records))
            {
                _undecided[batch.ProducerId] = records = [];
            }

            records.Add((batch.Keys[i], record));
        }
    }

    /// <summary>Files of the log were exchanged: this is all that it has now.</summary>
    /// <param name="batches">From its start on.</param>
    /// <param name="start">The log's first offset.</param>
    /// <param name="nowMs">The wall clock.</param>
    public void Match(List<LoggedBatch> batches, long start, long nowMs)
    {
        Exchanges++;
        _kept.Clear();
        var there = new Dictionary<string, List<long>>();
        foreach (var batch in batches)
        {
            _kept[batch.BaseOffset] = batch;
            for (var i = 0; i < batch.Keys.Length; i++)
            {
                if (!there.TryGetValue(batch.Keys[i], out var offsets))
                {
                    there[batch.Keys[i]] = offsets = [];
                }

                offsets.Add(batch.Offsets[i]);
            }
        }

        foreach (var (key, newest) in _newest)
        {
            var offsets = there.GetValueOrDefault(key) ?? [];
            if (newest.Offset < start || offsets.Contains(newest.Offset))
            {
                continue;
            }

            ViolationException.Unless(newest.IsTombstone, $"{name}: the newest record of {key}, at {newest.Offset}, is gone");
            ViolationException.Unless(
                !offsets.Exists(offset => offset >= start && offset < newest.Offset),
                $"{name}: {key} was deleted at {newest.Offset} and is there again at {string.Join(' ', offsets)}");
            ViolationException.Unless(
                nowMs - newest.SeenMs >= deleteRetentionMs,
                $"{name}: the tombstone of {key} at {newest.Offset} is gone after {nowMs - newest.SeenMs} ms");
        }
    }

    /// <summary>True when the log has a batch that begins in a range.</summary>
    public bool HasAny(long from, long to) => _kept.Keys.Any(offset => offset >= from && offset < to);

    // What a transaction wrote counts from its commit on, in the order of the log.
    private void Decide(LoggedBatch marker)
    {
        if (!_undecided.Remove(marker.ProducerId, out var records) || marker.IsAbort)
        {
            return;
        }

        foreach (var (key, record) in records)
        {
            if (!_newest.TryGetValue(key, out var newest) || newest.Offset < record.Offset)
            {
                _newest[key] = record;
            }
        }
    }

    private readonly record struct Newest(long Offset, bool IsTombstone, long SeenMs);
}
