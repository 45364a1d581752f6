using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Classic;

/// <summary>
/// Which protocols the members of a group have in common, and which they like best. Owned by the coordinator's loop.
/// </summary>
internal sealed class ProtocolVotes
{
    private readonly Dictionary<string, int> _supporters = [];

    public void Add(ClassicMember member) => Count(member, 1);

    public void Remove(ClassicMember member) => Count(member, -1);

    /// <summary>True when all the group's members know one of the protocols.</summary>
    public bool HaveOneOf(List<JoinGroupRequest.JoinGroupRequestProtocol> protocols, int members)
    {
        foreach (var protocol in protocols)
        {
            if (_supporters.GetValueOrDefault(protocol.Name) == members)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// The protocol that most members put before all others that everybody knows. Of equals, the one that the leader put first: Kafka
    /// leaves that to the order of a hash table.
    /// </summary>
    public string Select(IReadOnlyCollection<ClassicMember> members, ClassicMember leader)
    {
        var votes = new Dictionary<string, int>();
        foreach (var member in members)
        {
            var vote = Vote(member, members.Count);
            votes[vote] = votes.GetValueOrDefault(vote) + 1;
        }

        var best = Vote(leader, members.Count);
        foreach (var protocol in leader.Protocols)
        {
            if (votes.GetValueOrDefault(protocol.Name) > votes[best])
            {
                best = protocol.Name;
            }
        }

        return best;
    }

    private string Vote(ClassicMember member, int members)
    {
        foreach (var protocol in member.Protocols)
        {
            if (_supporters.GetValueOrDefault(protocol.Name) == members)
            {
                return protocol.Name;
            }
        }

        // Nobody is let in who has no protocol in common with all the others.
        Barnabas.Base.Check.That(false);
        return "";
    }

    private void Count(ClassicMember member, int by)
    {
        for (var i = 0; i < member.Protocols.Count; i++)
        {
            var name = member.Protocols[i].Name;
            if (member.Protocols.FindIndex(other => other.Name == name) == i)
            {
                _supporters[name] = _supporters.GetValueOrDefault(name) + by;
            }
        }
    }
}
