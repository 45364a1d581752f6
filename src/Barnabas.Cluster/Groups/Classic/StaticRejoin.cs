using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Classic;

/// <summary>
/// A static member's return into a stable group, until its record is committed: what to go back to if the log refuses. Owned by the loop of
/// the coordinator.
/// </summary>
internal sealed class StaticRejoin(GroupCoordinator coordinator, ClassicGroup group, ClassicMember member, string newId)
{
    private readonly string _id = member.Id;
    private readonly List<JoinGroupRequest.JoinGroupRequestProtocol> _protocols = member.Protocols;
    private readonly int _rebalanceTimeoutMs = member.RebalanceTimeoutMs;
    private readonly int _sessionTimeoutMs = member.SessionTimeoutMs;

    public ClassicGroup Group { get; } = group;

    public ClassicMember Member { get; } = member;

    public string NewId { get; } = newId;

    /// <summary>False when the member has left meanwhile, or has come back once more.</summary>
    public bool Stands => Group.Find(NewId) == Member;

    /// <summary>The leader's id before the return, which may have been the member's old one.</summary>
    public string LeaderIdBefore { get; } = group.LeaderId!;

    /// <summary>Gives the member its old id back: nobody was told the new one.</summary>
    public void Undo()
    {
        if (!coordinator.IsActive)
        {
            return;
        }

        Membership.Replace(Group, Member, _id);
        Group.Update(Member, _protocols, _rebalanceTimeoutMs, _sessionTimeoutMs);
        MemberSessions.Renew(coordinator, Group, Member);
    }
}
