using System.Collections.Immutable;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>Where a member is on its way to its target assignment, with the numbers of its record.</summary>
internal enum MemberProgress : sbyte
{
    /// <summary>It has what its epoch gives it.</summary>
    Stable = 0,

    /// <summary>It still has to give up partitions before it moves to the next epoch.</summary>
    Unrevoked = 1,

    /// <summary>It waits for partitions that others have to give up.</summary>
    Unreleased = 2,

    /// <summary>A state that a later broker wrote.</summary>
    Unknown = 127,
}

/// <summary>
/// A member of a consumer group as its records say. Immutable: replaying a record makes a new one, and a decision compares the one that
/// it would have with the one that there is.
/// </summary>
internal sealed record ConsumerMember(string Id)
{
    /// <summary>The epoch of a static member that went away and may come back.</summary>
    public const int LeftForNow = -2;

    /// <summary>The epoch by which a member leaves.</summary>
    public const int Leaving = -1;

    public string? InstanceId { get; init; }

    public string? RackId { get; init; }

    public string ClientId { get; init; } = "";

    public string ClientHost { get; init; } = "";

    /// <summary>Names it subscribes to, in ordinal order, each once.</summary>
    public ImmutableArray<string> Topics { get; init; } = [];

    /// <summary>The expression it subscribes to; empty for none.</summary>
    public string Pattern { get; init; } = "";

    public int RebalanceTimeoutMs { get; init; } = -1;

    /// <summary>The assignor that it wants, or null.</summary>
    public string? ServerAssignor { get; init; }

    /// <summary>What a member that speaks the classic protocol joined with; null for all others.</summary>
    public ConsumerGroupMemberMetadataValue.ClassicMemberMetadataData? Classic { get; init; }

    /// <summary>The epoch of the assignment that it works by; 0 before its first, <see cref="LeftForNow"/> while away.</summary>
    public int Epoch { get; init; }

    public int PreviousEpoch { get; init; }

    public MemberProgress Progress { get; init; }

    /// <summary>What it may read. Sorted.</summary>
    public ImmutableArray<HeldPartition> Assigned { get; init; } = [];

    /// <summary>What it has to give up. Sorted.</summary>
    public ImmutableArray<HeldPartition> Revoking { get; init; } = [];

    /// <summary>True when it has all of its target assignment of that epoch.</summary>
    public bool IsSettled(int targetEpoch) => Progress == MemberProgress.Stable && Epoch == targetEpoch;

    /// <summary>True when it would write the same record about itself.</summary>
    public bool DescribesItselfAs(ConsumerMember other) =>
        InstanceId == other.InstanceId && RackId == other.RackId && ClientId == other.ClientId && ClientHost == other.ClientHost
        && Topics.SequenceEqual(other.Topics) && Pattern == other.Pattern && RebalanceTimeoutMs == other.RebalanceTimeoutMs
        && ServerAssignor == other.ServerAssignor && HasSameClassicAs(other);

    /// <summary>True when it would write the same record about its assignment.</summary>
    public bool HasSameAssignmentAs(ConsumerMember other) =>
        Epoch == other.Epoch && PreviousEpoch == other.PreviousEpoch && Progress == other.Progress
        && Assigned.SequenceEqual(other.Assigned) && Revoking.SequenceEqual(other.Revoking);

    /// <summary>The same member on its way to another epoch.</summary>
    public ConsumerMember MoveTo(
        int epoch, MemberProgress progress, ImmutableArray<HeldPartition> assigned, ImmutableArray<HeldPartition> revoking) =>
        this with { PreviousEpoch = Epoch, Epoch = epoch, Progress = progress, Assigned = assigned, Revoking = revoking };

    private bool HasSameClassicAs(ConsumerMember other)
    {
        if (Classic is not { } one || other.Classic is not { } two)
        {
            return ReferenceEquals(Classic, other.Classic);
        }

        return one.SessionTimeoutMs == two.SessionTimeoutMs && one.SupportedProtocols.Count == two.SupportedProtocols.Count
            && one.SupportedProtocols.Zip(two.SupportedProtocols).All(
                each => each.First.Name == each.Second.Name && each.First.Metadata.AsSpan().SequenceEqual(each.Second.Metadata));
    }
}
