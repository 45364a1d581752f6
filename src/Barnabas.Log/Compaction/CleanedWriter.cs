using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Seams;
using Barnabas.Log.Indexes;
using Barnabas.Log.Segments;
using Barnabas.Protocol.Records;

namespace Barnabas.Log.Compaction;

/// <summary>Writes the <c>.cleaned</c> files of one new segment. Owned by its cleaning; blocks.</summary>
internal sealed class CleanedWriter
{
    private const int PendingBytesMax = 256 << 10;
    private readonly IDisk _disk;
    private readonly Segment _segment;
    private readonly ByteWriter _output;
    private readonly int _indexIntervalBytes;
    private int _writtenBytes;

    internal CleanedWriter(IDisk disk, Segment[] sources, int indexIntervalBytes, ByteWriter output)
    {
        _disk = disk;
        _indexIntervalBytes = indexIntervalBytes;
        _output = output;
        output.Reset();
        var (first, last) = (sources[0], sources[^1]);
        var data = disk.Open(first.PathOf(SegmentNames.Data) + SegmentNames.Cleaned, FileOpen.CreateOrTruncate);
        _segment = new Segment(disk, first.Directory, first.BaseOffset, new SegmentLease(data), new SegmentIndexes())
        {
            ModifiedMs = last.ModifiedMs,
        };
    }

    /// <summary>
    /// Takes the batch that was written into the output from <paramref name="start"/> on, if any. False when it would make the file larger
    /// than a segment can be.
    /// </summary>
    internal bool Take(int start, AbortedTransaction? aborted)
    {
        if (_output.Length > start)
        {
            Check.That(RecordBatchHeader.TryRead(_output.Written[start..], out var header));
            if ((long)_segment.SizeBytes + header.SizeBytes > int.MaxValue)
            {
                return false;
            }

            _segment.Append(header.LastOffset, header.MaxTimestamp, (int)header.SizeBytes, _indexIntervalBytes);
        }

        if (aborted is { } kept)
        {
            _segment.AddAborted(kept);
        }

        if (_output.Length >= PendingBytesMax)
        {
            WritePending();
        }

        return true;
    }

    /// <summary>Writes and syncs all that the segment has. The directory is not synced yet.</summary>
    internal Segment Finish()
    {
        WritePending();
        _segment.Seal();
        FaultPoint.Here("compact.before-sync");
        _segment.Data.Sync();
        Write(SegmentNames.OffsetIndex, _segment.Offsets.ToBytes());
        Write(SegmentNames.TimeIndex, _segment.Times.ToBytes());
        if (!_segment.Transactions.Entries.IsEmpty)
        {
            Write(SegmentNames.TransactionIndex, _segment.Transactions.ToBytes());
        }

        return _segment;
    }

    /// <summary>Lets go of the file and removes what was written; the partition's directory may have gone.</summary>
    internal void Abandon() => Discard(_disk, _segment);

    /// <summary>Removes the <c>.cleaned</c> files of a segment that nobody will use.</summary>
    internal static void Discard(IDisk disk, Segment cleaned)
    {
        cleaned.Lease.Release();
        foreach (var suffix in SegmentNames.SegmentSuffixes)
        {
            if (disk.DirectoryExists(cleaned.Directory))
            {
                disk.Delete(cleaned.PathOf(suffix) + SegmentNames.Cleaned);
            }
        }
    }

    private void WritePending()
    {
        if (_output.Length > 0)
        {
            _segment.Data.Write(_output.Written, _writtenBytes);
            _writtenBytes += _output.Length;
            _output.Reset();
        }
    }

    private void Write(string suffix, byte[] bytes) =>
        SmallFile.WriteWhole(_disk, _segment.PathOf(suffix) + SegmentNames.Cleaned, bytes);
}
