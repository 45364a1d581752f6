using Barnabas.Histories.Checks;
using Barnabas.Histories.Model;

namespace Barnabas.Tests.Histories;

/// <summary>
/// Builds a history by hand, line by line: each takes ten units of time and ends before the next begins. Owned by its test.
/// </summary>
internal sealed class HandMade
{
    private readonly List<Entry> _entries = [];
    private long _now;

    /// <summary>The time at which the next line begins.</summary>
    public long Now => _now;

    /// <summary>A producer; with a transactional id one that writes transactions.</summary>
    public HandMade Producer(string who, string transactionalId = "", bool idempotent = true, string group = "") => Add(new Entry
    {
        Op = Operation.Client, Who = who, TransactionalId = transactionalId, Idempotent = idempotent, Group = group,
    });

    /// <summary>A reader, of committed records unless it says otherwise; with a group a member that may pause for 100 ms.</summary>
    public HandMade Reader(string who, string group = "", string protocol = "consumer", bool committed = true, string instance = "") =>
        Add(new Entry
        {
            Op = Operation.Client, Who = who, Group = group, Protocol = protocol, Committed = committed, Instance = instance,
            SessionMs = 100, PollIntervalMs = 100,
        });

    public HandMade Init(string who) => Add(new Entry { Op = Operation.Init, Who = who });

    /// <summary>A record that was acknowledged at an offset, or not.</summary>
    public HandMade Send(string who, string value, string partition, long offset = -1, string txn = "", string copyOf = "",
        Outcome? result = null) => Add(new Entry
    {
        Op = Operation.Send, Who = who, Value = value, Partition = partition, Offset = offset, Txn = txn, CopyOf = copyOf,
        Result = result ?? (offset >= 0 ? Outcome.Ok : Outcome.Unknown),
    });

    public HandMade AddOffset(string who, string txn, string group, string partition, long offset) => Add(new Entry
    {
        Op = Operation.Offsets, Who = who, Txn = txn, Group = group, Offsets = One(partition, offset),
    });

    public HandMade Commit(string who, string txn, Outcome result = Outcome.Ok) =>
        Add(new Entry { Op = Operation.Commit, Who = who, Txn = txn, Result = result });

    public HandMade Abort(string who, string txn) => Add(new Entry { Op = Operation.Abort, Who = who, Txn = txn });

    /// <summary>A callback about one partition.</summary>
    public HandMade Callback(Operation operation, string who, string partition) =>
        Add(new Entry { Op = operation, Who = who, Partitions = [partition] });

    /// <summary>A poll that gave records of one partition, each OFFSET:VALUE, and after which a member has it or not.</summary>
    public HandMade Poll(string who, string partition, string records, int epoch = Entry.NoEpoch, bool has = true) => Add(new Entry
    {
        Op = Operation.Poll, Who = who, Records = Records(partition, records), Epoch = epoch, Partitions = has ? [partition] : [],
    });

    public HandMade Seek(string who, string partition, long offset) =>
        Add(new Entry { Op = Operation.Seek, Who = who, Offsets = One(partition, offset) });

    public HandMade CommitOffset(string who, string group, string partition, long offset, Outcome result = Outcome.Ok) =>
        Add(new Entry { Op = Operation.CommitOffsets, Who = who, Group = group, Offsets = One(partition, offset), Result = result });

    /// <summary>Somebody reads a committed offset.</summary>
    public HandMade Committed(string who, string group, string partition, long offset) =>
        Add(new Entry { Op = Operation.Committed, Who = who, Group = group, Offsets = One(partition, offset) });

    public HandMade End(string who, string partition, long offset) =>
        Add(new Entry { Op = Operation.Ends, Who = who, Offsets = One(partition, offset) });

    /// <summary>The final readings of a partition; what is decided is everything if it is not given.</summary>
    public HandMade Final(string partition, string all, string? decided = null, long position = 9, long end = 9)
    {
        Add(new Entry { Op = Operation.Client, Who = $"final/{partition}" });
        var reading = new Entry { Op = Operation.Final, Who = $"final/{partition}", Partition = partition, Offset = position, End = end };
        Add(reading with { Records = Records(partition, all), Offset = end });
        return Add(reading with { Records = Records(partition, decided ?? all), Committed = true });
    }

    /// <summary>Lets time go by.</summary>
    public HandMade Wait(long units)
    {
        _now += units;
        return this;
    }

    /// <summary>The names of the checks that found something.</summary>
    public string Anomalies() =>
        string.Join(' ', Checker.Find(new History(_entries)).Select(anomaly => anomaly.Kind).Distinct().Order(StringComparer.Ordinal));

    private static Dictionary<string, long> One(string partition, long offset) => new() { [partition] = offset };

    private static Seen[] Records(string partition, string records) =>
        [.. records.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(record => record.Split(':'))
            .Select(parts => new Seen(partition, long.Parse(parts[0]), parts[1]))];

    private HandMade Add(Entry entry)
    {
        _entries.Add(entry with { From = _now, To = _now + 9 });
        _now += 10;
        return this;
    }
}
