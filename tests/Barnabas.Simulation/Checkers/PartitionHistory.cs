using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Log.Producers;

namespace Barnabas.Simulation.Checkers;

/// <summary>
/// The oracle of one partition, over all lives of the node: every batch that a view has ever shown, in order. Knows what a restart may take
/// away. Owned by the world.
/// </summary>
/// <param name="name">Topic and partition, for messages.</param>
/// <param name="sent">What clients have sent; null for a topic of the node's own, whose records nobody counts.</param>
internal sealed class PartitionHistory(string name, SentRecords? sent)
{
    private readonly List<LoggedBatch> _batches = [];
    private readonly Dictionary<long, (short Epoch, int Last)> _lastSequence = [];
    private readonly Dictionary<string, int> _copies = [];

    /// <summary>Topic and partition, for messages.</summary>
    public string Name => name;

    /// <summary>True for the node's own topics.</summary>
    public bool IsInternal => sent is null;

    /// <summary>The offset after the last batch.</summary>
    public long End { get; private set; }

    /// <summary>The log's first offset, as it was seen last.</summary>
    public long Start { get; set; }

    /// <summary>All below survives a power cut: it was acknowledged as flushed, or lies below the recovery point.</summary>
    public long DurableEnd { get; private set; }

    /// <summary>All below is there when the node comes back: every byte that was written, or after a power cut what is durable.</summary>
    private long SafeEnd { get; set; }

    /// <summary>What is decided of the transactions in it.</summary>
    public TransactionModel Transactions { get; } = new();

    /// <summary>What compaction may take away; null where the log is not compacted.</summary>
    public CompactionModel? Compaction { get; private set; }

    /// <summary>Told of every batch that is new; null for nobody.</summary>
    public Action<LoggedBatch>? Appended { get; set; }

    /// <summary>Told when records were cut away, with the batches that are left; null for nobody.</summary>
    public Action<IReadOnlyList<LoggedBatch>>? Cut { get; set; }

    /// <summary>The wall clock, for what goes with time.</summary>
    public long NowMs { get; set; }

    /// <summary>How often records were lost, as they may be.</summary>
    public int Losses { get; private set; }

    /// <summary>The topic's policy compacts.</summary>
    public void IsCompacted() =>
        Compaction ??= new CompactionModel(name, IsInternal ? 86_400_000 : TopicModel.DeleteRetentionMs);

    /// <summary>Files of a compacted log were exchanged, and this is all that it has now.</summary>
    public void Exchanged(List<LoggedBatch> batches, long start)
    {
        batches.Where(batch => batch.BaseOffset < End).ToList().ForEach(batch => Match(batch, "a compacted log"));
        Compaction!.Match(batches, start, NowMs);
    }

    /// <summary>A view shows one batch more.</summary>
    public void Append(LoggedBatch batch)
    {
        ViolationException.Unless(batch.BaseOffset == End, $"{name}: {batch} follows offset {End}");
        ViolationException.Unless(
            batch.LastOffset - batch.BaseOffset == batch.Values.Length - 1, $"{name}: {batch} has offsets without records");
        Count(batch, isNew: true);
        _batches.Add(batch);
        End = batch.LastOffset + 1;
        SafeEnd = End;
        Appended?.Invoke(batch);
    }

    /// <summary>All below is on the platters, as the broker itself says or has told a client.</summary>
    public void MakeDurable(long end) => DurableEnd = Math.Max(DurableEnd, end);

    /// <summary>Somebody is about to cut the log.</summary>
    public void CutFrom(long end) => SafeEnd = Math.Min(SafeEnd, end);

    /// <summary>What was not synced may be gone.</summary>
    public void PowerCut() => SafeEnd = Math.Min(SafeEnd, DurableEnd);

    /// <summary>A batch was read somewhere: it has to be the one that stands here.</summary>
    public void Match(LoggedBatch read, string where)
    {
        var known = Find(read.BaseOffset);
        ViolationException.Unless(
            known is not null && (Compaction is null ? known.IsSame(read) : read.IsThinned(known)),
            $"{name}: {where} gave {read}, the log has {known}");
    }

    /// <summary>A producer was told that its records have these offsets.</summary>
    public void MatchAcknowledged(long baseOffset, string[] values)
    {
        var known = Find(baseOffset);
        ViolationException.Unless(
            known is not null && known.Values.AsSpan().SequenceEqual(values),
            $"{name}: {string.Join(' ', values)} was acknowledged at offset {baseOffset}, where the log has {known}");
    }

    /// <summary>
    /// The node has come back with this log: what is there has to be what was there, and nothing may be missing but what could be lost.
    /// </summary>
    /// <param name="recovered">All batches, from the first that is still kept.</param>
    /// <param name="start">The log's first offset.</param>
    /// <param name="end">The log's end.</param>
    public void Recover(List<LoggedBatch> recovered, long start, long end)
    {
        var next = start;
        ViolationException.Unless(end >= SafeEnd, $"{name}: came back with end {end} where {SafeEnd} was safe");
        if (end < End)
        {
            Lose(end);
        }

        foreach (var batch in recovered)
        {
            ViolationException.Unless(
                batch.BaseOffset == next || (next == start && batch.BaseOffset <= start)
                    || (Compaction is not null && batch.BaseOffset > next),
                $"{name}: came back with a hole before {batch}");
            next = batch.LastOffset + 1;
            if (batch.BaseOffset < End)
            {
                Match(batch, "recovery");
            }
            else
            {
                // Written, but not shown before the process died.
                Append(batch);
            }
        }

        ViolationException.Unless(next == end || recovered.Count == 0, $"{name}: came back with batches up to {next} and an end of {end}");
        Compaction?.Match(recovered, start, NowMs);
        SafeEnd = End;
    }

    /// <summary>Records were cut away, as they may be.</summary>
    public void Lose(long end)
    {
        Losses++;
        var kept = _batches.FindIndex(batch => batch.LastOffset >= end);
        ViolationException.Unless(kept < 0 || _batches[kept].BaseOffset == end, $"{name}: cut at {end}, in the middle of a batch");
        if (kept >= 0)
        {
            _batches.RemoveRange(kept, _batches.Count - kept);
        }

        End = end;
        SafeEnd = Math.Min(SafeEnd, end);
        DurableEnd = Math.Min(DurableEnd, end);
        _lastSequence.Clear();
        _copies.Clear();
        Transactions.Clear();
        Compaction?.Clear();
        _batches.ForEach(batch => Count(batch, isNew: false));
        Cut?.Invoke(_batches);
    }

    /// <summary>True when the records are in the log; nobody can tell of tombstones.</summary>
    public bool Has(string[] values) => Array.TrueForAll(values, value => value == LoggedBatch.Tombstone || _copies.ContainsKey(value));

    /// <summary>Where a producer stands, for messages.</summary>
    public string Tail(long producerId) =>
        $"end {End}, last sequence {(_lastSequence.TryGetValue(producerId, out var at) ? at.Last : -1)} of {producerId}";

    /// <summary>First and last offsets of the batches that the log has from an offset on.</summary>
    public IEnumerable<(long First, long Last)> Places(long start) =>
        (Compaction?.Kept ?? _batches).Where(batch => batch.LastOffset >= start).Select(batch => (batch.BaseOffset, batch.LastOffset));

    /// <summary>What a log says of its producers.</summary>
    /// <param name="described">By the log.</param>
    /// <param name="mayForget">True where time has jumped, so that producers may have been silent for long.</param>
    public void MatchProducers(IReadOnlyList<ProducerDescription> described, bool mayForget)
    {
        var batches = _batches.Where(each => each is { ProducerId: >= 0, IsControl: false } && each.BaseOffset >= Start && !IsInternal);
        foreach (var batch in batches)
        {
            var known = described.FirstOrDefault(producer => producer.ProducerId == batch.ProducerId);
            ViolationException.Unless(
                mayForget || (known.ProducerId == batch.ProducerId && known.LastSequence == _lastSequence[batch.ProducerId].Last),
                $"{name}: {known.LastSequence} is last of {known.ProducerId}, not {_lastSequence[batch.ProducerId].Last} of {batch}");
        }
    }

    /// <summary>A timestamp that somebody may ask for: of a record, or near it.</summary>
    public long SomeTimestamp(Randomness random) =>
        _batches.Count == 0 ? 1_700_000_000_000 : _batches[random.Next(_batches.Count)].Timestamps[0] + random.Next(3) - 1;

    /// <summary>Somebody was told the first record with a timestamp or a later one.</summary>
    /// <param name="wanted">What was asked for.</param>
    /// <param name="timestamp">Of the record that was found, or -1.</param>
    /// <param name="offset">Of the record that was found, or -1.</param>
    /// <param name="start">Where the log began when it was asked.</param>
    /// <param name="end">All below was there when it was asked.</param>
    public void MatchLookup(long wanted, long timestamp, long offset, long start, long end)
    {
        var isFound = false;
        foreach (var batch in _batches.Where(batch => batch.LastOffset >= start))
        {
            for (var i = 0; i < batch.Timestamps.Length; i++)
            {
                var at = batch.BaseOffset + i;
                if (at == offset)
                {
                    isFound = true;
                    ViolationException.Unless(
                        batch.Timestamps[i] == timestamp && timestamp >= wanted,
                        $"{name}: {offset} was found for {wanted}, it has {timestamp}");
                }
                else if (!isFound && batch.Timestamps[i] >= wanted)
                {
                    // Unless the log began behind it when it was looked for.
                    ViolationException.Unless(
                        offset < 0 ? at >= end || at < Start : at < Start, $"{name}: {offset} was found for {wanted}, not {at}");
                }
            }
        }

        ViolationException.Unless(offset < 0 || isFound, $"{name}: {offset} was found for {wanted}, where nothing is");
    }

    private LoggedBatch? Find(long baseOffset)
    {
        var (low, high) = (0, _batches.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (_batches[middle].BaseOffset == baseOffset)
            {
                return _batches[middle];
            }

            (low, high) = _batches[middle].BaseOffset < baseOffset ? (middle + 1, high) : (low, middle - 1);
        }

        return null;
    }

    // A producer begins again with every epoch, which a marker may bring too.
    private void CountSequence(LoggedBatch batch, bool isNew)
    {
        var isKnown = _lastSequence.TryGetValue(batch.ProducerId, out var at);
        ViolationException.Unless(
            !isNew || !isKnown || batch.ProducerEpoch >= at.Epoch,
            $"{name}: epoch {batch.ProducerEpoch} of producer {batch.ProducerId} follows {at.Epoch}");
        if (batch.IsControl)
        {
            if (!isKnown || batch.ProducerEpoch > at.Epoch)
            {
                _lastSequence[batch.ProducerId] = (batch.ProducerEpoch, -1);
            }

            return;
        }

        var last = isKnown && at.Epoch == batch.ProducerEpoch ? at.Last : -1;
        var follows = batch.BaseSequence == last + 1 || (last < 0 && (Losses > 0 || sent is { MayBeRefused: true }));
        ViolationException.Unless(
            !isNew || sent is null || follows,
            $"{name}: sequence {batch.BaseSequence} of producer {batch.ProducerId} follows {last} in epoch {batch.ProducerEpoch}");
        _lastSequence[batch.ProducerId] = (batch.ProducerEpoch, batch.BaseSequence + batch.Values.Length - 1);
    }

    private void Count(LoggedBatch batch, bool isNew)
    {
        Transactions.Add(batch);
        Compaction?.Add(batch, isNew ? NowMs : 0);
        if (batch.ProducerId >= 0)
        {
            CountSequence(batch, isNew);
        }

        if (sent is null || batch.IsControl)
        {
            return;
        }

        foreach (var value in batch.Values.Where(value => value != LoggedBatch.Tombstone))
        {
            var copies = _copies.GetValueOrDefault(value) + 1;
            _copies[value] = copies;
            ViolationException.Unless(
                !isNew || copies <= sent.Copies(value), $"{name}: {value} is there {copies} times, sent {sent.Copies(value)} times");
        }
    }
}

/// <summary>What producers have ever sent, and how often a log may hold it. Owned by the world.</summary>
internal sealed class SentRecords
{
    private readonly Dictionary<string, int> _copies = [];

    /// <summary>Records so far, each counted once.</summary>
    public int Count => _copies.Count;

    /// <summary>How many copies there may be: one of an idempotent producer, else one for each try.</summary>
    public int Copies(string value) => _copies.GetValueOrDefault(value);

    /// <summary>
    /// True where a good batch may be refused: one that was sent behind it may then be the first of its producer in the log, as in Kafka's.
    /// </summary>
    public bool MayBeRefused { get; init; }

    /// <summary>A batch goes out, for the first time or again.</summary>
    public void Sent(string[] values, bool isIdempotent)
    {
        foreach (var value in values)
        {
            Check.That(value.Length > 0);
            _copies[value] = isIdempotent ? 1 : _copies.GetValueOrDefault(value) + 1;
        }
    }
}
