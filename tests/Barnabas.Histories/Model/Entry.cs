using System.Text.Json.Serialization;

namespace Barnabas.Histories.Model;

/// <summary>A record as a reader got it.</summary>
/// <param name="Partition">TOPIC-NUMBER.</param>
/// <param name="Offset">Where it stands.</param>
/// <param name="Value">Which record it is: no two have the same.</param>
public sealed record Seen(
    [property: JsonPropertyName("p")] string Partition,
    [property: JsonPropertyName("o")] long Offset,
    [property: JsonPropertyName("v")] string Value);

/// <summary>One line of a history: one operation of one client, from its invocation to its result. Immutable.</summary>
public sealed record Entry
{
    /// <summary>Never an epoch that a member was given.</summary>
    public const int NoEpoch = 0;

    /// <summary>What was done.</summary>
    public required Operation Op { get; init; }

    /// <summary>The client that did it: a name and, after a slash, which life of it. One client does one thing at a time.</summary>
    public required string Who { get; init; }

    /// <summary>When it was invoked, in microseconds of a clock that all clients of the history share.</summary>
    public long From { get; init; }

    /// <summary>When its result was known, by the same clock.</summary>
    public long To { get; init; }

    /// <summary>What the client knows of it.</summary>
    public Outcome Result { get; init; }

    /// <summary>What went wrong, for whoever reads it.</summary>
    public string Error { get; init; } = "";

    /// <summary>Consumer group, for consumers, offsets and commits of them.</summary>
    public string Group { get; init; } = "";

    /// <summary>Of a client that is a member: eager, cooperative or consumer.</summary>
    public string Protocol { get; init; } = "";

    /// <summary>Of a member: the name under which it comes back as the same member (group.instance.id), or nothing.</summary>
    public string Instance { get; init; } = "";

    /// <summary>True for readers of committed records only.</summary>
    public bool Committed { get; init; }

    /// <summary>Of a client: whether it promises to write each record once and in order.</summary>
    public bool Idempotent { get; init; }

    /// <summary>Of a client: its transactional id, or nothing.</summary>
    public string TransactionalId { get; init; } = "";

    /// <summary>The transaction, or nothing.</summary>
    public string Txn { get; init; } = "";

    /// <summary>TOPIC-NUMBER, of a record that was sent and of a final reading.</summary>
    public string Partition { get; init; } = "";

    /// <summary>The record that was sent.</summary>
    public string Value { get; init; } = "";

    /// <summary>Of a record that was sent as the copy of another one: TOPIC-NUMBER@OFFSET of that.</summary>
    public string CopyOf { get; init; } = "";

    /// <summary>Where the record that was sent stands; of a final reading, the position that it came to.</summary>
    public long Offset { get; init; } = -1;

    /// <summary>Of a final reading: the end of the log, decided or not.</summary>
    public long End { get; init; } = -1;

    /// <summary>Generation or member epoch after a poll.</summary>
    public int Epoch { get; init; } = NoEpoch;

    /// <summary>Of a member: how long it may stay silent, in milliseconds.</summary>
    public int SessionMs { get; init; }

    /// <summary>Of a member: how long it may go without a poll, and take to give partitions up, in milliseconds.</summary>
    public int PollIntervalMs { get; init; }

    /// <summary>
    /// Of a member: a pause between two of its polls, in microseconds, in which the coordinator cannot have thrown it out; in a longer one
    /// it may have.
    /// </summary>
    public long PauseUs => 1000L * Math.Min(SessionMs, PollIntervalMs) / 2;

    /// <summary>Partitions that are assigned, revoked or lost; of a poll, those that the member has after it.</summary>
    public IReadOnlyList<string> Partitions { get; init; } = [];

    /// <summary>Offsets of partitions: committed, read, sought, or ends.</summary>
    public IReadOnlyDictionary<string, long> Offsets { get; init; } = new Dictionary<string, long>();

    /// <summary>What a poll or a final reading gave, in order.</summary>
    public IReadOnlyList<Seen> Records { get; init; } = [];
}
