using Barnabas.Base;
using Barnabas.Cluster.Machines;

namespace Barnabas.Tests.Cluster.Machines;

/// <summary>A record of the test machine: adds to a named counter.</summary>
internal readonly record struct Add(string Name, int Amount);

/// <summary>A machine of named sums that records how it was driven.</summary>
internal sealed class Counters : IMachine<Add>
{
    public Dictionary<string, (int Sum, long Offset)> Sums { get; } = [];

    public List<Operation<Counters, Add>> Deferred { get; } = [];

    public int Loads { get; private set; }

    public int Unloads { get; private set; }

    public void Replay(in Add record, long offset) =>
        Sums[record.Name] = (Sums.GetValueOrDefault(record.Name).Sum + record.Amount, offset);

    public void Reset() => Sums.Clear();

    public void Loaded(long nowMs) => Loads++;

    public void Unloaded(ErrorCode error)
    {
        Unloads++;
        foreach (var operation in Deferred)
        {
            operation.Finish(error);
        }

        Deferred.Clear();
    }
}

/// <summary>A journal in memory whose high watermark and failures the test sets.</summary>
internal sealed class MemoryJournal : IJournal<Add>
{
    public List<Add> Records { get; } = [];

    public JournalAppend? Fails { get; set; }

    public long EndOffset => Records.Count;

    public long HighWatermark { get; set; }

    public JournalAppend Append(ReadOnlySpan<Add> records, long nowMs)
    {
        if (Fails is { } failure)
        {
            if (failure.IsTorn)
            {
                Records.Add(records[0]);
            }

            return failure;
        }

        Records.AddRange(records);
        return new JournalAppend(ErrorCode.None, EndOffset - 1);
    }
}

/// <summary>An operation that does what the test says and notes how it ended.</summary>
internal sealed class Ask(Action<Counters, Decision<Add>, Ask> decide, bool isInternal = false) : Operation<Counters, Add>
{
    public List<ErrorCode> Ends { get; } = [];

    public int Seen { get; set; } = -1;

    public Action? WhenDone { get; set; }

    public override bool IsInternal => isInternal;

    public override void Decide(Counters machine, Decision<Add> decision, long nowMs) => decide(machine, decision, this);

    protected override void Completed(ErrorCode error)
    {
        Ends.Add(error);
        WhenDone?.Invoke();
    }
}
