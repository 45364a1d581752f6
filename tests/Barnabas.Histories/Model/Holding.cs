namespace Barnabas.Histories.Model;

/// <summary>A time in which a member of a group believed that a partition was its own. Immutable.</summary>
/// <param name="Who">The member.</param>
/// <param name="Group">Its group.</param>
/// <param name="Partition">What it had.</param>
/// <param name="From">When the callback that gave it began.</param>
/// <param name="To">When the member began to give it up, or learnt that it had lost it, or began to close.</param>
/// <param name="How">Revoked, Lost, or null for one that never ended.</param>
/// <param name="FirstEpoch">The first epoch in which the member is known to have had it; <see cref="Entry.NoEpoch"/> if none.</param>
/// <param name="LastEpoch">The last one.</param>
public sealed record Holding(
    string Who, string Group, string Partition, long From, long To, Operation? How, int FirstEpoch, int LastEpoch);
