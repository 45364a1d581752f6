using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Seams;
using Barnabas.Log.Segments;
using Barnabas.Protocol.Records;

namespace Barnabas.Log.Compaction;

/// <summary>How far a cleaning has come.</summary>
public enum CompactionStep
{
    /// <summary>There is more to do.</summary>
    Working,

    /// <summary>A group of segments is ready to be exchanged: see <see cref="CompactionJob.Cleaned"/>.</summary>
    Cleaned,

    /// <summary>All is done: the owner takes note of <see cref="CompactionJob.EndOffset"/>.</summary>
    Done,

    /// <summary>The log cannot be compacted, and <see cref="CompactionJob.Problem"/> says why. It is as good as before.</summary>
    Impossible,
}

/// <summary>A group of segments and the one that takes their place. Immutable.</summary>
/// <param name="Old">As they lie in the log, one behind the other.</param>
/// <param name="New">What is left of them, in synced <c>.cleaned</c> files.</param>
internal sealed record CleanedGroup(Segment[] Old, Segment New);

/// <summary>
/// One cleaning of a log, over sealed segments that it keeps open. Made by the log's owner, then owned by a background thread, which takes
/// it on in steps: first the keys of the dirty offsets, as many as the map holds, then the segments up to there, group by group in the
/// order of the log. Every group has to be in the log before the next is begun, or the cleaning ends: a tombstone may only go after all
/// that it deletes has gone. Steps block and throw <see cref="IOException"/> when the disk fails.
/// </summary>
public sealed class CompactionJob : IDisposable
{
    private readonly CompactionInput _input;
    private readonly CompactionOrder _order;
    private readonly CompactionPlan _plan;
    private readonly Segment[] _sources;
    private readonly OffsetMap _map;
    private readonly BatchFeed _feed;
    private readonly BatchBody _body = new();
    private readonly ByteWriter _output = new(64 << 10);
    private CleanedTransactions? _transactions;
    private Queue<Segment[]> _groups = [];
    private BatchCleaner? _cleaner;
    private CleanedWriter? _writer;
    private int _at;
    private bool _isDisposed;

    /// <summary>The sources have been retained: the job releases them.</summary>
    internal CompactionJob(CompactionInput input)
    {
        _input = input;
        _order = input.Order;
        _plan = input.Plan;
        _sources = _plan.View.Segments[.._plan.View.SegmentIndexOf(_plan.FirstUncleanableOffset)];
        _feed = new BatchFeed(_order.Memory.IoBytes);
        _map = new OffsetMap(_order.Memory, _order.Hash, _plan.FirstUncleanableOffset - _plan.FirstDirtyOffset);
        _at = _plan.View.SegmentIndexOf(_plan.FirstDirtyOffset);
        EndOffset = _plan.FirstDirtyOffset;
    }

    /// <summary>All below it is clean when the job is done.</summary>
    public long EndOffset { get; private set; }

    /// <summary>Why it is <see cref="CompactionStep.Impossible"/>.</summary>
    public string? Problem { get; private set; }

    /// <summary>Bytes read and written so far, for throttling.</summary>
    public long BytesMoved { get; private set; }

    /// <summary>
    /// The markers that decided about what was cleaned so far lie below this offset, in any segment up to the active one. 0 where there was
    /// no transaction.
    /// </summary>
    internal long MarkersEnd { get; private set; }

    /// <summary>No marker that decides lies below, but in a segment of the cleaning.</summary>
    internal long FirstUncleanableOffset => _plan.FirstUncleanableOffset;

    /// <summary>The group that the last step made, until the log's owner takes it.</summary>
    internal CleanedGroup? Cleaned { get; private set; }

    /// <summary>Truncations of the log when the job was made.</summary>
    internal int Generation => _input.Generation;

    /// <summary>Works on about so many bytes.</summary>
    public CompactionStep Step(int bytesMax)
    {
        Check.That(Cleaned is null && !_isDisposed);
        for (var end = BytesMoved + bytesMax; BytesMoved < end;)
        {
            var step = _cleaner is null ? Map() : Clean();
            if (step != CompactionStep.Working)
            {
                return step;
            }
        }

        return CompactionStep.Working;
    }

    /// <summary>Lets go of everything, and removes what was written for nothing. On the thread that owns the job.</summary>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _map.Dispose();
        _body.Dispose();
        _output.Dispose();
        _cleaner?.Dispose();
        foreach (var segment in _sources)
        {
            segment.Lease.Release();
        }

        _writer?.Abandon();
        if (Cleaned is { } unused)
        {
            CleanedWriter.Discard(_input.Disk, unused.New);
        }
    }

    /// <summary>The log has the group: its files are no longer the job's to remove.</summary>
    internal void Take() => Cleaned = null;

    /// <summary>Takes one batch into the map, or goes on to the next segment.</summary>
    private CompactionStep Map()
    {
        if (_transactions is null)
        {
            BeginMapping();
        }

        if (!_feed.MoveNext(out var header))
        {
            return _feed.Problem is { } problem ? Fail(problem) : MapNextSegment();
        }

        BytesMoved += _feed.Batch.Length;
        NoteMarkers(header);
        if (header.IsControl)
        {
            _transactions!.MayDropMarker(header, _feed.Batch, out _);
        }
        else if (!_transactions!.IsAborted(header))
        {
            if (!_body.TryOpen(_feed.Batch, header, out var isReadable))
            {
                return Fail(_body.Problem!);
            }

            if (isReadable && !TryMapRecords(header))
            {
                return BeginCleaning();
            }
        }

        EndOffset = Math.Max(EndOffset, header.NextOffset);
        return CompactionStep.Working;
    }

    private void NoteMarkers(in RecordBatchHeader header) =>
        MarkersEnd = header.IsTransactional ? _plan.View.HighWatermark : MarkersEnd;

    private void BeginMapping()
    {
        _transactions = TransactionsFrom(_plan.FirstDirtyOffset);
        var segment = _sources[_at];
        _feed.Open(segment, segment.PositionOf(_plan.FirstDirtyOffset, segment.SizeBytes, mayRead: true));
    }

    private CleanedTransactions TransactionsFrom(long offset) =>
        new(_plan.View.AbortedBetween(offset, _plan.FirstUncleanableOffset));

    private CompactionStep MapNextSegment()
    {
        EndOffset = Math.Max(EndOffset, _plan.View.NextOffsetOf(_at));
        if (++_at == _sources.Length)
        {
            return BeginCleaning();
        }

        _feed.Open(_sources[_at], 0);
        return CompactionStep.Working;
    }

    /// <summary>False when the map is full; the end is then behind the last record that went in.</summary>
    private bool TryMapRecords(in RecordBatchHeader header)
    {
        var reader = _body.Records(header);
        while (reader.TryRead(out var record))
        {
            var offset = header.BaseOffset + record.OffsetDelta;
            if (record.Key.HasValue && offset >= _plan.FirstDirtyOffset)
            {
                if (!_map.TryPut(record.Key.Span, offset))
                {
                    return false;
                }

                EndOffset = offset + 1;
            }
        }

        return true;
    }

    private CompactionStep BeginCleaning()
    {
        var count = _plan.View.SegmentIndexOf(EndOffset - 1) + 1;
        _groups = SegmentGroups.Make(_plan.View, Math.Min(count, _sources.Length), _order.Config);
        var rules = new CleaningRules(EndOffset, _plan.FirstUncleanableOffset, _order.NowMs, _order.Config.DeleteRetentionMs);
        _cleaner = new BatchCleaner(_map, TransactionsFrom(_sources[0].BaseOffset), _input.Producers, rules);
        return CompactionStep.Working;
    }

    /// <summary>Cleans one batch, or goes on to the next segment or group.</summary>
    private CompactionStep Clean()
    {
        if (_writer is null)
        {
            if (!_groups.TryPeek(out var next))
            {
                return CompactionStep.Done;
            }

            _writer = new CleanedWriter(_input.Disk, next, _order.Config.IndexIntervalBytes, _output);
            _at = 0;
            _feed.Open(next[0], 0);
        }

        var group = _groups.Peek();
        if (!_feed.MoveNext(out var header))
        {
            if (_feed.Problem is { } problem)
            {
                return Fail(problem);
            }

            return ++_at < group.Length ? CleanSegment(group[_at]) : FinishGroup();
        }

        NoteMarkers(header);
        var start = _output.Length;
        if (!_cleaner!.Clean(_feed.Batch, header, _output))
        {
            return Fail(_cleaner.Problem!);
        }

        BytesMoved += _feed.Batch.Length + (_output.Length - start);
        return _writer.Take(start, _cleaner.Aborted)
            ? CompactionStep.Working
            : Fail($"what is left of the segment at {group[0].BaseOffset} does not fit in one");
    }

    private CompactionStep CleanSegment(Segment segment)
    {
        _feed.Open(segment, 0);
        return CompactionStep.Working;
    }

    private CompactionStep FinishGroup()
    {
        var cleaned = _writer!.Finish();
        _writer = null;
        var old = _groups.Dequeue();
        foreach (var segment in old)
        {
            segment.LoadIndexes(); // views may still ask for them when the files have the new ones
        }

        Cleaned = new CleanedGroup(old, cleaned);
        return CompactionStep.Cleaned;
    }

    private CompactionStep Fail(string problem)
    {
        Problem = problem;
        return CompactionStep.Impossible;
    }
}

/// <summary>All that a cleaning works on. Immutable but for the disk.</summary>
internal sealed record CompactionInput
{
    public required IDisk Disk { get; init; }

    public required CompactionPlan Plan { get; init; }

    public required CompactionOrder Order { get; init; }

    public required LiveProducers Producers { get; init; }

    public required int Generation { get; init; }
}
