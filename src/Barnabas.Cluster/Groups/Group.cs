namespace Barnabas.Cluster.Groups;

/// <summary>What is known of a group, whatever its protocol. Owned by the loop of its coordinator.</summary>
internal abstract class Group(string id)
{
    public string Id { get; } = id;

    /// <summary>As ListGroups names it: "classic".</summary>
    public abstract string Type { get; }

    /// <summary>As ListGroups and DescribeGroups name it: "Stable".</summary>
    public abstract string StateName { get; }

    /// <summary>What its members do with it: "consumer", "connect"; empty for a group that only commits offsets.</summary>
    public abstract string ProtocolTypeName { get; }

    /// <summary>True when it has no members.</summary>
    public abstract bool IsEmpty { get; }

    /// <summary>True when a member reads the topic, as far as can be known: its offsets are in use.</summary>
    public abstract bool Subscribes(string topic);
}
