namespace Barnabas.Cluster.Groups.Classic;

/// <summary>Where a classic group is in its life. A group that is gone is not there at all; DescribeGroups calls it "Dead".</summary>
internal enum ClassicState
{
    /// <summary>No members; offsets perhaps.</summary>
    Empty,

    /// <summary>Waiting for the members to join again.</summary>
    PreparingRebalance,

    /// <summary>Waiting for the leader's assignment.</summary>
    CompletingRebalance,

    /// <summary>Every member has its assignment.</summary>
    Stable,
}
