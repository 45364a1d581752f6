using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Classic;

/// <summary>
/// A member of a classic group. Soft state, but for what the group's last record says of it. Owned by its coordinator's loop.
/// </summary>
internal sealed class ClassicMember(string id, string? instanceId, string clientId, string clientHost)
{
    /// <summary>Given by the coordinator; a static member gets a new one with every start of its process.</summary>
    public string Id { get; set; } = id;

    /// <summary>The name that a static member keeps over restarts, or null.</summary>
    public string? InstanceId { get; } = instanceId;

    public string ClientId { get; } = clientId;

    /// <summary>Address with a slash before it, as Java prints one.</summary>
    public string ClientHost { get; } = clientHost;

    public int RebalanceTimeoutMs { get; set; }

    public int SessionTimeoutMs { get; set; }

    /// <summary>What the member can do, the best first.</summary>
    public List<JoinGroupRequest.JoinGroupRequestProtocol> Protocols { get; set; } = [];

    public byte[] Assignment { get; set; } = [];

    /// <summary>True until its first join is answered: it does not know its id, so that nobody sends heartbeats for it.</summary>
    public bool IsNew { get; set; }

    /// <summary>Its join that waits for the others, or null.</summary>
    public JoinGroupOperation? AwaitingJoin { get; set; }

    /// <summary>Its sync that waits for the leader's, or null.</summary>
    public SyncGroupOperation? AwaitingSync { get; set; }

    /// <summary>Fires when nothing was heard of it for its session timeout.</summary>
    public GroupTimer? Session { get; set; }

    /// <summary>True when the protocols are the same, in order and in bytes.</summary>
    public bool Matches(List<JoinGroupRequest.JoinGroupRequestProtocol> protocols)
    {
        if (protocols.Count != Protocols.Count)
        {
            return false;
        }

        for (var i = 0; i < protocols.Count; i++)
        {
            if (protocols[i].Name != Protocols[i].Name || !protocols[i].Metadata.AsSpan().SequenceEqual(Protocols[i].Metadata))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What it said along with a protocol; empty for one that it did not name.</summary>
    public byte[] MetadataOf(string? protocol)
    {
        foreach (var offered in Protocols)
        {
            if (offered.Name == protocol)
            {
                return offered.Metadata;
            }
        }

        return [];
    }
}
