using Barnabas.Base.Seams;
using Barnabas.Log.Indexes;

namespace Barnabas.Log.Segments;

/// <summary>The offsets that a batch has in the log, and its largest timestamp.</summary>
internal readonly record struct StagedOffsets(long Base, long Last, long MaxTimestampMs);

/// <summary>What the segment has to be told of a batch once its bytes are written.</summary>
internal readonly record struct StagedBatch(StagedOffsets Offsets, int SizeBytes, int Piece, bool RollsBefore);

/// <summary>
/// The batches that a turn has gathered and not written yet, with their bytes as pieces for one gathered write; batches that lie side by
/// side in memory make one piece. The log's owner alone uses it; its arrays are kept from turn to turn.
/// </summary>
internal sealed unsafe class StagedBatches
{
    private StagedBatch[] _batches = new StagedBatch[4];
    private BytePiece[] _pieces = new BytePiece[4];
    private int _pieceCount;

    internal int Count { get; private set; }

    internal ReadOnlySpan<StagedBatch> Batches => _batches.AsSpan(0, Count);

    /// <summary>Snapshots of the producers as they were before each staged roll, in order.</summary>
    internal Queue<byte[]> RollSnapshots { get; } = new();

    /// <summary>Aborted transactions by the staged markers' offsets.</summary>
    internal List<AbortedTransaction> Aborted { get; } = [];

    internal void Add(BytePiece bytes, in StagedOffsets offsets, bool rollsBefore)
    {
        var isBehindLast = _pieceCount > 0 && !rollsBefore
            && _pieces[_pieceCount - 1].Pointer + _pieces[_pieceCount - 1].Length == bytes.Pointer;
        if (isBehindLast)
        {
            ref var last = ref _pieces[_pieceCount - 1];
            last = new BytePiece(last.Pointer, last.Length + bytes.Length);
        }
        else
        {
            Grow(ref _pieces, _pieceCount);
            _pieces[_pieceCount++] = bytes;
        }

        Grow(ref _batches, Count);
        _batches[Count++] = new StagedBatch(offsets, bytes.Length, _pieceCount - 1, rollsBefore);
    }

    /// <summary>Index behind the last batch that goes to the same segment as the batch <paramref name="from"/>.</summary>
    internal int EndOfGroup(int from)
    {
        var end = from + 1;
        while (end < Count && !_batches[end].RollsBefore)
        {
            end++;
        }

        return end;
    }

    /// <summary>The bytes of a group.</summary>
    internal ReadOnlySpan<BytePiece> Pieces(int from, int end) => _pieces.AsSpan(_batches[from].Piece..(_batches[end - 1].Piece + 1));

    internal void Clear()
    {
        Count = 0;
        _pieceCount = 0;
        RollSnapshots.Clear();
        Aborted.Clear();
    }

    private static void Grow<T>(ref T[] array, int count)
    {
        if (count == array.Length)
        {
            Array.Resize(ref array, count * 2);
        }
    }
}
