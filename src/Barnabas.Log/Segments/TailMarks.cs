namespace Barnabas.Log.Segments;

/// <summary>
/// Where the last few published log ends lie in the active segment, so that a consumer at the tail finds its place without reading. The
/// owner writes, any thread reads: an entry is good when its offset is the same before and after its position was read.
/// </summary>
internal sealed class TailMarks
{
    private const int Count = 64;
    private readonly long[] _offsets = new long[Count];
    private readonly int[] _positions = new int[Count];
    private int _next;

    internal TailMarks() => _offsets.AsSpan().Fill(-1);

    /// <summary>Owner only: <paramref name="offset"/> begins at <paramref name="position"/>.</summary>
    internal void Add(long offset, int position)
    {
        var slot = _next++ & (Count - 1);
        Volatile.Write(ref _offsets[slot], -1);
        Volatile.Write(ref _positions[slot], position);
        Volatile.Write(ref _offsets[slot], offset);
    }

    internal bool TryFind(long offset, out int position)
    {
        var slot = _offsets.AsSpan().IndexOf(offset);
        if (slot >= 0 && Volatile.Read(ref _offsets[slot]) == offset)
        {
            position = Volatile.Read(ref _positions[slot]);
            return Volatile.Read(ref _offsets[slot]) == offset;
        }

        position = 0;
        return false;
    }
}
