using System.Reflection;
using System.Runtime.InteropServices;
using Barnabas.Cluster.Machines;

namespace Barnabas.Simulation.Faults;

/// <summary>A machine's journal with a bug. Owned by the machine's loop.</summary>
internal sealed class BrokenJournal<TRecord>(IJournal<TRecord> journal) : IJournal<TRecord>
{
    /// <summary>True to take everything for committed as soon as it is in the log.</summary>
    public bool CommitsAtOnce { get; init; }

    /// <summary>Called before the records of each decision.</summary>
    public Action Begins { get; init; } = () => { };

    /// <summary>What becomes of a record that is decided, in the log and in the machine.</summary>
    public Func<TRecord, TRecord> Decides { get; init; } = record => record;

    /// <summary>What becomes of a record in the log alone.</summary>
    public Func<TRecord, TRecord> Writes { get; init; } = record => record;

    /// <inheritdoc/>
    public long EndOffset => journal.EndOffset;

    /// <inheritdoc/>
    public long HighWatermark => CommitsAtOnce ? journal.EndOffset : journal.HighWatermark;

    /// <summary>Puts it in the place of the journal that a host has.</summary>
    public static void Plant<TMachine>(MachineHost<TMachine, TRecord> host, Func<IJournal<TRecord>, BrokenJournal<TRecord>> make)
        where TMachine : class, IMachine<TRecord>
    {
        var field = host.GetType().GetField("_journal", BindingFlags.Instance | BindingFlags.NonPublic)!;
        field.SetValue(host, make((IJournal<TRecord>)field.GetValue(host)!));
    }

    /// <inheritdoc/>
    public JournalAppend Append(ReadOnlySpan<TRecord> records, long nowMs)
    {
        Begins();
        var decided = MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(records), records.Length);
        var written = new TRecord[records.Length];
        for (var i = 0; i < records.Length; i++)
        {
            decided[i] = Decides(records[i]);
            written[i] = Writes(decided[i]);
        }

        return journal.Append(written, nowMs);
    }
}
