namespace Barnabas.Histories.Model;

/// <summary>What must have become of a transaction.</summary>
public enum Fate
{
    /// <summary>Its commit was answered.</summary>
    Committed,

    /// <summary>Nobody asked to commit it, or only after its producer was fenced.</summary>
    Aborted,

    /// <summary>Its commit was asked for and not answered: all of it or nothing.</summary>
    Open,
}

/// <summary>One transaction of a history. Immutable.</summary>
/// <param name="Id">Its name, which no other has.</param>
/// <param name="Sends">The records that were sent in it.</param>
/// <param name="Offsets">The offsets that were added to it.</param>
/// <param name="Commit">The request to commit it, if there was one.</param>
/// <param name="Fate">What must have become of it.</param>
public sealed record Transaction(
    string Id, IReadOnlyList<Entry> Sends, IReadOnlyList<Entry> Offsets, Entry? Commit, Fate Fate);
