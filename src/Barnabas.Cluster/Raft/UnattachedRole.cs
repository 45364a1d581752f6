namespace Barnabas.Cluster.Raft;

/// <summary>Knows an epoch but no leader in it: how every node starts.</summary>
internal sealed class UnattachedRole(RaftNode node) : RaftRole(node)
{
    public override string Name => "unattached";

    // A quorum of one need not wait for anybody to speak up first.
    public override void Enter(long nowMs)
    {
        if (Node.IsVoter && Node.Voters.Majority == 1)
        {
            Node.Become(new CandidateRole(Node), nowMs);
        }
    }
}
