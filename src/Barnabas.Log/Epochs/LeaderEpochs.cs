using System.Globalization;
using System.Text;
using Barnabas.Base;

namespace Barnabas.Log.Epochs;

/// <summary>An epoch and the first offset that its leader wrote.</summary>
public readonly record struct EpochEntry(int Epoch, long StartOffset);

/// <summary>
/// Which leader epoch wrote which offsets: the history that followers truncate by. Immutable; changes give a new one, published with the
/// log's view. Epochs and offsets ascend.
/// </summary>
public sealed class LeaderEpochs
{
    /// <summary>Answer for an epoch that is not known.</summary>
    public const int UndefinedEpoch = -1;

    /// <summary>Answer for an offset that is not known.</summary>
    public const long UndefinedOffset = -1;

    /// <summary>No history.</summary>
    public static readonly LeaderEpochs Empty = new([]);

    private readonly EpochEntry[] _entries;

    private LeaderEpochs(EpochEntry[] entries) => _entries = entries;

    /// <summary>All entries, oldest first.</summary>
    public IReadOnlyList<EpochEntry> Entries => _entries;

    /// <summary>The newest epoch, or -1.</summary>
    public int Latest => _entries.Length > 0 ? _entries[^1].Epoch : UndefinedEpoch;

    /// <summary>
    /// The history with one more epoch; entries that contradict it (a higher epoch, a later start) go. Same object if it is known.
    /// </summary>
    public LeaderEpochs With(int epoch, long startOffset)
    {
        if (epoch < 0 || _entries.AsSpan().Contains(new EpochEntry(epoch, startOffset)))
        {
            return this;
        }

        if (epoch == Latest && startOffset >= _entries[^1].StartOffset)
        {
            return this;
        }

        var kept = _entries.Where(e => e.Epoch < epoch && e.StartOffset < startOffset);
        return new LeaderEpochs([.. kept, new EpochEntry(epoch, startOffset)]);
    }

    /// <summary>
    /// The history that a batch of another leader fits into: with its epoch if that is new, without those that had begun where it stands
    /// though it is older. This node leads for a while, writes nothing, and then follows one that has more of an earlier epoch.
    /// </summary>
    public LeaderEpochs Fitting(int epoch, long baseOffset) =>
        epoch > Latest ? With(epoch, baseOffset)
        : epoch >= 0 && epoch < Latest && EpochOf(baseOffset) > epoch ? TruncatedTo(baseOffset).With(epoch, baseOffset)
        : this;

    /// <summary>Without the epochs that begin at or after a log end.</summary>
    public LeaderEpochs TruncatedTo(long logEndOffset) =>
        _entries.Length == 0 || _entries[^1].StartOffset < logEndOffset
            ? this
            : new LeaderEpochs([.. _entries.Where(e => e.StartOffset < logEndOffset)]);

    /// <summary>Without the epochs that end before a log start; the one that holds it begins there.</summary>
    public LeaderEpochs StartingAt(long logStartOffset)
    {
        if (_entries.Length == 0 || _entries[0].StartOffset >= logStartOffset)
        {
            return this;
        }

        // No closure: this is asked with every view that is published.
        var holder = _entries.Length - 1;
        while (_entries[holder].StartOffset > logStartOffset)
        {
            holder--;
        }

        return new LeaderEpochs([new EpochEntry(_entries[holder].Epoch, logStartOffset), .. _entries[(holder + 1)..]]);
    }

    /// <summary>
    /// Where an epoch ended: the largest known epoch up to the asked one, and the first offset that is not its own, the log end for the
    /// newest. (-1, -1) for an epoch that is newer than all or when nothing is known; for one older than all, itself and where the oldest
    /// begins.
    /// </summary>
    public EpochEntry EndOffsetFor(int epoch, long logEndOffset)
    {
        if (epoch == UndefinedEpoch || _entries.Length == 0 || epoch > Latest)
        {
            return new EpochEntry(UndefinedEpoch, UndefinedOffset);
        }

        if (epoch == Latest)
        {
            return new EpochEntry(epoch, logEndOffset);
        }

        var higher = Array.FindIndex(_entries, e => e.Epoch > epoch);
        return new EpochEntry(higher == 0 ? epoch : _entries[higher - 1].Epoch, _entries[higher].StartOffset);
    }

    /// <summary>The epoch that wrote an offset, or -1.</summary>
    public int EpochOf(long offset)
    {
        var holder = Array.FindLastIndex(_entries, e => e.StartOffset <= offset);
        return holder < 0 ? UndefinedEpoch : _entries[holder].Epoch;
    }

    /// <summary>The bytes of <c>leader-epoch-checkpoint</c>.</summary>
    internal byte[] ToBytes()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"0\n{_entries.Length}\n");
        foreach (var entry in _entries)
        {
            text.Append(CultureInfo.InvariantCulture, $"{entry.Epoch} {entry.StartOffset}\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Reads the file's bytes; wrong ones are a <see cref="MalformedException"/>.</summary>
    internal static LeaderEpochs FromBytes(ReadOnlySpan<byte> bytes, string path)
    {
        var result = Empty;
        foreach (var line in CheckpointText.Entries(bytes, path))
        {
            var fields = line.Split(' ');
            if (fields.Length != 2 || !int.TryParse(fields[0], out var epoch) || !long.TryParse(fields[1], out var start))
            {
                throw new MalformedException($"{path}: '{line}' is not an epoch and an offset");
            }

            result = result.With(epoch, start);
        }

        return result;
    }
}
