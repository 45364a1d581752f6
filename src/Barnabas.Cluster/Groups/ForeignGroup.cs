using Barnabas.Cluster.Groups.Records;

namespace Barnabas.Cluster.Groups;

/// <summary>
/// A group of a protocol that this broker does not run, found in a directory that another one wrote. It is listed and refuses what would
/// change it; its records stay as they are. Owned by the loop of its coordinator.
/// </summary>
internal sealed class ForeignGroup(string id, ForeignKind kind) : Group(id)
{
    /// <summary>Ids of its members; an ordered set, so that nothing depends on hash codes.</summary>
    public SortedSet<string> Members { get; } = new(StringComparer.Ordinal);

    public ForeignKind Kind { get; } = kind;

    /// <inheritdoc/>
    public override string Type => Kind switch
    {
        ForeignKind.Share => "share",
        _ => "streams",
    };

    /// <inheritdoc/>
    public override string StateName => IsEmpty ? "Empty" : "Stable";

    /// <inheritdoc/>
    public override string ProtocolTypeName => Type;

    /// <inheritdoc/>
    public override bool IsEmpty => Members.Count == 0;

    /// <summary>Always true: whether its members read the topic is not known here, and its offsets stay.</summary>
    public override bool Subscribes(string topic) => true;
}
