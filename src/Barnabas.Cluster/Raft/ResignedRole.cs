namespace Barnabas.Cluster.Raft;

/// <summary>Has led or taken part and does so no more: the end of a node's life in this process.</summary>
internal sealed class ResignedRole(RaftNode node) : RaftRole(node)
{
    public override string Name => "resigned";

    public override void Enter(long nowMs)
    {
    }
}
