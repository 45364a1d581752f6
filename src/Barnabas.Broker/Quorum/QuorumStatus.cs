using Barnabas.Cluster.Raft;

namespace Barnabas.Broker.Quorum;

/// <summary>The quorum as DescribeQuorum tells it. Immutable; published by the metadata loop.</summary>
/// <param name="Role">The node's role.</param>
/// <param name="LeaderId">Node id, or -1.</param>
/// <param name="LeaderEpoch">The newest epoch.</param>
/// <param name="HighWatermark">Everything below is committed.</param>
/// <param name="EndOffset">The offset of the next record.</param>
/// <param name="KRaftVersion">The level of the quorum's own records.</param>
/// <param name="Voters">The voters with their endpoints.</param>
/// <param name="AtMs">When this was so.</param>
public sealed record QuorumStatus(
    string Role, int LeaderId, int LeaderEpoch, long HighWatermark, long EndOffset, short KRaftVersion, VoterSet Voters, long AtMs)
{
    /// <summary>Before the first turn of the metadata loop.</summary>
    public static readonly QuorumStatus None = new("unattached", -1, 0, 0, 0, 0, VoterSet.Empty, 0);

    internal static QuorumStatus Of(RaftNode raft, long nowMs) => new(
        raft.Role, raft.State.LeaderId, raft.State.Epoch, raft.HighWatermark, raft.EndOffset, raft.KRaftVersion, raft.Voters, nowMs);
}
