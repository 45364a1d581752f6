using Barnabas.Base;
using Barnabas.Log;
using Barnabas.Protocol.Records;
using Barnabas.Simulation.Checkers;

namespace Barnabas.Simulation.Replicas;

/// <summary>
/// The oracle of the partition: every batch that any replica has ever shown below its high watermark, byte for byte. Nothing of it may ever
/// be another, nor missing where somebody leads. Owned by the world.
/// </summary>
internal sealed class ClusterHistory
{
    private readonly List<Committed> _batches = [];
    private readonly HashSet<string> _values = new(StringComparer.Ordinal);
    private readonly List<(long From, long To)> _gaps = [];
    private int _forgotten;
    private long _deletedEnd;

    /// <summary>The offset after the last committed batch.</summary>
    public long End { get; private set; }

    /// <summary>
    /// Somebody's log starts here: whoever copies the log from there on knows nothing of the producers before, and takes a retry for new.
    /// </summary>
    /// <param name="offset">Where.</param>
    /// <param name="highWatermark">What was deleted in the turn that committed it was never shown.</param>
    public void StartAt(long offset, long highWatermark)
    {
        if (offset > End && highWatermark >= offset)
        {
            _gaps.Add((End, offset));
            End = offset;
        }

        // A log start that goes back at a power cut brings records back that nobody compares any more.
        _deletedEnd = Math.Max(_deletedEnd, offset);
        for (; _forgotten < _batches.Count && _batches[_forgotten].BaseOffset < offset; _forgotten++)
        {
            _values.ExceptWith(LoggedBatch.Read(_batches[_forgotten].Bytes, "history")[0].Values);
        }
    }

    /// <summary>The bytes of a slice, which is released.</summary>
    public static byte[] Copy(in LogSlice slice)
    {
        if (slice.Bytes.IsEmpty)
        {
            return [];
        }

        var bytes = new byte[slice.Bytes.Length];
        var read = slice.Bytes.Data.Read(bytes, slice.Bytes.Position);
        slice.Bytes.Release();
        ViolationException.Unless(read == bytes.Length, $"a view shows {bytes.Length} bytes where the file has {read}");
        return bytes;
    }

    /// <summary>Whole batches of a view, one by one.</summary>
    public static List<byte[]> Read(LogView view, long from, long to)
    {
        var batches = new List<byte[]>();
        for (var offset = from; offset < to;)
        {
            var slice = view.Slice(offset, 1 << 20, ReadLimit.LogEnd, minOneBatch: true);
            ViolationException.Unless(
                slice.ErrorCode == ErrorCode.None && !slice.Bytes.IsEmpty,
                $"offset {offset} of a log to {view.LogEndOffset} reads as {slice.ErrorCode}");
            foreach (var batch in Cut(Copy(slice)))
            {
                RecordBatchHeader.TryRead(batch, out var header);
                if (header.BaseOffset < to)
                {
                    batches.Add(batch);
                }

                offset = header.BaseOffset + header.LastOffsetDelta + 1;
            }
        }

        return batches;
    }

    /// <summary>Somebody has these batches and says that they are committed.</summary>
    public void Match(List<byte[]> batches, string who)
    {
        foreach (var batch in batches)
        {
            RecordBatchHeader.TryRead(batch, out var header);
            if (header.BaseOffset >= End)
            {
                Add(batch, header, who);
                continue;
            }

            var known = Find(header.BaseOffset);
            if (header.BaseOffset < _deletedEnd || (known.Length == 0 && IsInGap(header.BaseOffset)))
            {
                continue;
            }

            if (!known.AsSpan().SequenceEqual(batch))
            {
                throw new ViolationException($"{who} has {Say(batch)} where {Say(known)} is committed");
            }
        }
    }

    /// <summary>What was acknowledged is committed, where the producer was told.</summary>
    public void MatchAcknowledged(long baseOffset, string[] values)
    {
        var known = Find(baseOffset);
        if (known.Length == 0 && IsInGap(baseOffset))
        {
            return;
        }

        if (known.Length == 0 || !LoggedBatch.Read(known, "history")[0].Values.AsSpan().SequenceEqual(values))
        {
            throw new ViolationException($"{values[0]} was acknowledged at {baseOffset}, where {Say(known)} is committed of {End}");
        }
    }

    /// <summary>Cuts bytes into batches.</summary>
    public static List<byte[]> Cut(byte[] bytes)
    {
        var batches = new List<byte[]>();
        for (var at = 0; at < bytes.Length;)
        {
            var isWhole = RecordBatchHeader.TryRead(bytes.AsSpan(at), out var header) && header.SizeBytes <= bytes.Length - at;
            ViolationException.Unless(isWhole, $"{bytes.Length - at} bytes behind {batches.Count} batches are not a whole batch");
            batches.Add(bytes.AsSpan(at, (int)header.SizeBytes).ToArray());
            at += (int)header.SizeBytes;
        }

        return batches;
    }

    private void Add(byte[] batch, in RecordBatchHeader header, string who)
    {
        if (header.BaseOffset != End)
        {
            throw new ViolationException($"{who} commits {Say(batch)} where {End} is next");
        }

        _batches.Add(new Committed(header.BaseOffset, batch));
        End = header.BaseOffset + header.LastOffsetDelta + 1;
        foreach (var value in LoggedBatch.Read(batch, who)[0].Values)
        {
            ViolationException.Unless(_values.Add(value), $"{who} commits {value} again, at {header.BaseOffset}");
        }
    }

    private bool IsInGap(long offset) => _gaps.Exists(gap => gap.From <= offset && offset < gap.To);

    // No bytes where no batch begins.
    private byte[] Find(long baseOffset)
    {
        var (low, high) = (0, _batches.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (_batches[middle].BaseOffset == baseOffset)
            {
                return _batches[middle].Bytes;
            }

            (low, high) = _batches[middle].BaseOffset < baseOffset ? (middle + 1, high) : (low, middle - 1);
        }

        return [];
    }

    private static string Say(byte[] batch) =>
        batch.Length == 0 ? "nothing" : LoggedBatch.Read(batch, "a batch")[0].ToString().Replace("x", "", StringComparison.Ordinal);

    private readonly record struct Committed(long BaseOffset, byte[] Bytes);
}
