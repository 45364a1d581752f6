using Barnabas.Log;
using Barnabas.Protocol.Records;

namespace Barnabas.Tests.Log.Compaction;

/// <summary>What a batch was when it was appended; a marker has no records, and says whether it aborted.</summary>
internal sealed record SentBatch(
    long BaseOffset, long LastOffset, BatchOptions Options, (string Key, string? Value, long TimestampMs)[] Records, bool? IsAbort);

/// <summary>All that was ever appended to a log, as a list, and what compaction has to leave of it.</summary>
internal sealed class CompactionModel
{
    private readonly Dictionary<long, long> _horizons = []; // by the offset of a tombstone: when it may go at the earliest


    private long _cleanedBelow;

    /// <summary>What was committed at the last cleaning, by records and markers up to here, is never truncated.</summary>
    public long CommittedBelow { get; private set; }

    public List<SentBatch> Sent { get; } = [];

    public int Removed { get; private set; }

    public long End => Sent.Count == 0 ? 0 : Sent[^1].LastOffset + 1;

    public void TruncateTo(long end)
    {
        Sent.RemoveAll(b => b.LastOffset >= end);
        Assert.True(end >= CommittedBelow);
        foreach (var gone in _horizons.Keys.Where(o => o >= end).ToList())
        {
            _horizons.Remove(gone);
        }
    }

    /// <summary>A cleaning went over the segments below an offset: from now on their tombstones may go after a while.</summary>
    public void Cleaned(long belowOffset, long nowMs, long retentionMs)
    {
        CommittedBelow = End;
        _cleanedBelow = Math.Max(_cleanedBelow, belowOffset);
        foreach (var (offset, _, value, _) in Records().Where(r => r.Offset < belowOffset && r.Value is null))
        {
            _horizons.TryAdd(offset, nowMs + retentionMs);
        }
    }

    /// <summary>Compares a log with the model, whatever was cleaned of it so far.</summary>
    /// <param name="view">The log.</param>
    /// <param name="nowMs">The time.</param>
    /// <param name="loadsIndexes">False to leave indexes that are read at first use on the disk.</param>
    public void Check(LogView view, long nowMs, bool loadsIndexes = true)
    {
        CheckBatches(view);
        var all = Records().ToDictionary(r => r.Offset);
        var found = CompactedLog.Read(view);
        foreach (var record in found.Where(r => !r.Batch.IsControl))
        {
            Assert.Equal(all[record.Offset], (record.Offset, record.Key!, record.Value, record.TimestampMs));
        }

        Removed = all.Count - found.Count(r => !r.Batch.IsControl);
        if (loadsIndexes)
        {
            CheckLatest(view, all, nowMs);
            CheckAborted(view);
        }

        CheckDirtyPart(found, all.Keys);
    }

    private void CheckBatches(LogView view)
    {
        var sent = Sent.ToDictionary(b => b.BaseOffset);
        foreach (var batch in LogFixture.ReadAll(view, view.LogStartOffset))
        {
            var before = sent[batch.BaseOffset];
            var options = before.Options;
            Assert.Equal(before.LastOffset, batch.LastOffset);
            Assert.Equal(
                (options.ProducerId, options.ProducerEpoch, options.BaseSequence, options.IsTransactional, before.IsAbort is not null),
                (batch.ProducerId, batch.ProducerEpoch, batch.BaseSequence, batch.IsTransactional, batch.IsControl));
            Assert.True(batch.RecordCount == 0 || batch.Compression == options.Compression);
        }
    }

    /// <summary>What a reader of committed records knows in the end is what was committed last; old tombstones may be gone.</summary>
    private void CheckLatest(LogView view, Dictionary<long, (long Offset, string Key, string? Value, long)> all, long nowMs)
    {
        var committed = Committed(view.LastStableOffset).Select(o => all[o]);
        var expected = Latest(committed.Select(r => (r.Offset, r.Key, r.Value)));
        var read = Latest(CompactedLog.Read(view, committed: true).Select(r => (r.Offset, r.Key!, r.Value)));
        foreach (var (key, (offset, value)) in expected)
        {
            if (value is null && !read.ContainsKey(key))
            {
                Assert.True(_horizons.TryGetValue(offset, out var horizon) && horizon <= nowMs, $"{key} at {offset} went early");
                continue;
            }

            Assert.True(read.TryGetValue(key, out var latest) && latest == (offset, value), $"{key} is {latest}, not {(offset, value)}");
        }

        Assert.All(read.Keys, key => Assert.True(expected.ContainsKey(key)));
    }

    /// <summary>As long as a batch of an aborted transaction is there, the index names it.</summary>
    private void CheckAborted(LogView view)
    {
        var named = view.AbortedBetween(0, long.MaxValue).Select(a => (a.ProducerId, a.LastOffset)).ToHashSet();
        var open = new Dictionary<long, long>();
        var batches = LogFixture.ReadAll(view, view.LogStartOffset);
        foreach (var sent in Sent.Where(b => b.Options.IsTransactional))
        {
            var producer = sent.Options.ProducerId;
            if (sent.IsAbort is null)
            {
                open.TryAdd(producer, sent.BaseOffset);
            }
            else if (open.Remove(producer, out var first) && sent.IsAbort.Value
                && batches.Exists(b => b.ProducerId == producer && b.BaseOffset >= first && b.BaseOffset < sent.BaseOffset))
            {
                Assert.Contains((producer, sent.BaseOffset), named);
            }
        }
    }

    /// <summary>Nothing is taken away from what was never cleaned.</summary>
    private void CheckDirtyPart(List<FoundRecord> found, IEnumerable<long> all) => Assert.Equal(
        all.Where(o => o >= _cleanedBelow).Order(),
        found.Where(r => r.Offset >= _cleanedBelow && !r.Batch.IsControl).Select(r => r.Offset));

    /// <summary>Offsets of records that no transaction takes back.</summary>
    public IEnumerable<long> Committed(long below)
    {
        var open = new Dictionary<long, List<long>>();
        var committed = new List<long>();
        foreach (var batch in Sent)
        {
            var offsets = batch.Records.Select((_, i) => batch.BaseOffset + i).Where(o => o < below);
            if (batch.IsAbort is { } isAbort)
            {
                open.Remove(batch.Options.ProducerId, out var ended);
                committed.AddRange(isAbort ? [] : ended ?? []);
            }
            else if (batch.Options.IsTransactional)
            {
                open.TryAdd(batch.Options.ProducerId, []);
                open[batch.Options.ProducerId].AddRange(offsets);
            }
            else
            {
                committed.AddRange(offsets);
            }
        }

        return committed.Order();
    }

    private static Dictionary<string, (long Offset, string? Value)> Latest(IEnumerable<(long Offset, string Key, string? Value)> records)
    {
        var latest = new Dictionary<string, (long, string?)>();
        foreach (var (offset, key, value) in records)
        {
            latest[key] = (offset, value);
        }

        return latest;
    }

    private IEnumerable<(long Offset, string Key, string? Value, long TimestampMs)> Records() =>
        Sent.SelectMany(b => b.Records.Select((r, i) => (b.BaseOffset + i, r.Key, r.Value, r.TimestampMs)));
}
