using System.Buffers.Binary;
using Barnabas.Base;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Log.Segments;

namespace Barnabas.Simulation.Checkers;

/// <summary>
/// Looks at one replica after every step of one life of the node: watermarks never go back, bytes are there before the view that shows
/// them. Feeds the partition's history. Owned by the world.
/// </summary>
internal sealed class ReplicaWatch
{
    private LogView _seen;
    private int _seenEpoch;
    private readonly Func<bool> _mayForget;

    /// <summary>Begins with the view that the replica came with.</summary>
    /// <param name="replica">The replica, before its first turn.</param>
    /// <param name="history">Of its partition.</param>
    /// <param name="mayForget">True where time has jumped, so that producers may have been silent for long.</param>
    public ReplicaWatch(Replica replica, PartitionHistory history, Func<bool> mayForget)
    {
        _mayForget = mayForget;
        Replica = replica;
        History = history;
        _seen = replica.View;
        _seenEpoch = replica.State.LeaderEpoch;
        CheckView(_seen);
        if (replica.State.Config.Cleanup.HasFlag(CleanupPolicy.Compact))
        {
            history.IsCompacted();
        }

        var start = _seen.LogStartOffset;
        History.Recover(ReadAll(_seen, start, _seen.LogEndOffset), start, _seen.LogEndOffset);
        CheckStable(_seen);
        CheckLookups(_seen);
        CheckProducers();
    }

    public Replica Replica { get; }

    public PartitionHistory History { get; }

    /// <summary>Looks again; costs nothing when nothing has changed.</summary>
    public void Look()
    {
        var view = Replica.View;
        var epoch = Replica.State.LeaderEpoch;
        if (ReferenceEquals(view, _seen) || view.IsClosed)
        {
            return;
        }

        var before = _seen;
        _seen = view;
        CheckView(view);
        ViolationException.Unless(
            view.HighWatermark >= before.HighWatermark,
            $"{History.Name}: the high watermark fell from {before.HighWatermark} to {view.HighWatermark} in epoch {epoch}");
        ViolationException.Unless(
            view.LogStartOffset >= before.LogStartOffset,
            $"{History.Name}: the start fell from {before.LogStartOffset} to {view.LogStartOffset}");
        var isCut = view.LogEndOffset < History.End;
        if (isCut)
        {
            ViolationException.Unless(
                epoch > _seenEpoch, $"{History.Name}: in epoch {epoch} the log fell to {view.LogEndOffset} from {History.End}");
            History.Lose(view.LogEndOffset);
        }

        _seenEpoch = epoch;
        ReadAll(view, History.End, view.LogEndOffset).ForEach(History.Append);
        if (History.Compaction is not null && (isCut || Array.Exists(view.Segments, segment => IsExchanged(segment, before.Segments))))
        {
            History.Exchanged(ReadAll(view, view.LogStartOffset, view.LogEndOffset), view.LogStartOffset);
            CheckLookups(view);
        }

        CheckStable(view);
        History.MakeDurable(Replica.Log.RecoveryPoint);
    }

    // A new segment that is not behind all others has taken the place of some.
    private static bool IsExchanged(Segment segment, Segment[] before) =>
        segment.BaseOffset < before[^1].BaseOffset && Array.IndexOf(before, segment) < 0;

    private void CheckView(LogView view) => ViolationException.Unless(
        view.LogStartOffset <= view.LastStableOffset && view.LastStableOffset <= view.HighWatermark
            && view.HighWatermark <= view.LogEndOffset,
        $"{History.Name}: start {view.LogStartOffset}, stable {view.LastStableOffset}, high {view.HighWatermark}, end {view.LogEndOffset}");

    /// <summary>What the log remembers of its producers is what their batches say.</summary>
    public void CheckProducers()
    {
        if (Replica.Failure is null && Replica.Log.LogEndOffset == _seen.LogEndOffset)
        {
            History.MatchProducers(Replica.Log.DescribeProducers(), _mayForget());
        }
    }

    // Every batch is found by its last offset, as by those that a reader would ask for.
    private void CheckLookups(LogView view)
    {
        foreach (var (first, last) in History.Places(view.LogStartOffset))
        {
            var slice = view.Slice(last, 1, ReadLimit.LogEnd, minOneBatch: true);
            var header = new byte[8];
            slice.Bytes.Data.Read(header, slice.Bytes.Position);
            slice.Bytes.Release();
            var found = BinaryPrimitives.ReadInt64BigEndian(header);
            ViolationException.Unless(found == first, $"{History.Name}: {last} is looked for in the batch at {found}, not at {first}");
        }
    }

    private void CheckStable(LogView view)
    {
        History.Start = view.LogStartOffset;
        var stable = History.Transactions.StableAt(view.HighWatermark, view.LogStartOffset);
        ViolationException.Unless(
            view.LastStableOffset == stable,
            $"{History.Name}: {view.LastStableOffset} is stable, not {stable}, with high watermark {view.HighWatermark}");
    }

    private List<LoggedBatch> ReadAll(LogView view, long from, long to)
    {
        var batches = new List<LoggedBatch>();
        for (var offset = from; offset < to;)
        {
            var slice = view.Slice(offset, 1 << 20, ReadLimit.LogEnd, minOneBatch: true);
            ViolationException.Unless(
                slice.ErrorCode == ErrorCode.None && !slice.Bytes.IsEmpty,
                $"{History.Name}: the view ends at {to} but offset {offset} reads as {slice.ErrorCode}, {slice.Bytes.Length} bytes");
            var bytes = new byte[slice.Bytes.Length];
            var read = slice.Bytes.Data.Read(bytes, slice.Bytes.Position);
            slice.Bytes.Release();
            ViolationException.Unless(
                read == bytes.Length, $"{History.Name}: the view shows {bytes.Length} bytes at offset {offset}, the file has {read}");
            var found = LoggedBatch.Read(bytes, History.Name);
            batches.AddRange(found);
            offset = found[^1].LastOffset + 1;
        }

        return batches;
    }
}
