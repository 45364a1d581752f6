namespace Barnabas.Cluster.Raft;

/// <summary>
/// Asks for votes in a new epoch, its own first. The vote is durable before it counts. With a single voter it is the whole election, and
/// vote and victory are one write.
/// </summary>
internal sealed class CandidateRole(RaftNode node) : RaftRole(node)
{
    private readonly HashSet<int> _granted = [];

    public override string Name => "candidate";

    public override void Enter(long nowMs)
    {
        var epoch = Node.State.Epoch + 1;
        Node.Store(Node.Voters.Majority == 1
            ? new QuorumState(epoch, Node.SelfId, null)
            : new QuorumState(epoch, -1, Node.Setup.Self.Key));
    }

    public override void StateStored(long nowMs)
    {
        _granted.Add(Node.SelfId);
        if (_granted.Count >= Node.Voters.Majority)
        {
            Node.Become(new LeaderRole(Node), nowMs);
        }
    }
}
