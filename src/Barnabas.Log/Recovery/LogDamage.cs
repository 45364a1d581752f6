namespace Barnabas.Log.Recovery;

/// <summary>
/// Rotten bytes inside a log: a batch that is none, or whose checksum is wrong, with good batches behind it. They stay where they are.
/// </summary>
/// <param name="SegmentBaseOffset">Which segment.</param>
/// <param name="Position">First bad byte in its data file.</param>
/// <param name="EndPosition">First byte of the next good batch, or the end of the file.</param>
/// <param name="FirstOffset">The first offset that cannot be read.</param>
/// <param name="NextOffset">The first good offset behind it.</param>
public sealed record LogDamage(long SegmentBaseOffset, int Position, int EndPosition, long FirstOffset, long NextOffset);
