using System.Collections.Immutable;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>What stands between two characters, or at an end.</summary>
internal enum PatternAnchor
{
    Start,
    End,
    LineStart,
    LineEnd,
    WordEdge,
    NoWordEdge,
}

/// <summary>A regular expression as it was read. Immutable.</summary>
internal abstract record PatternNode
{
    /// <summary>One character of a set.</summary>
    public sealed record One(PatternClass Set) : PatternNode;

    /// <summary>No character, at a place.</summary>
    public sealed record At(PatternAnchor Anchor) : PatternNode;

    /// <summary>One after the other; none is the empty expression.</summary>
    public sealed record Sequence(ImmutableArray<PatternNode> Parts) : PatternNode;

    /// <summary>Any one of them.</summary>
    public sealed record Choice(ImmutableArray<PatternNode> Parts) : PatternNode;

    /// <summary>So often, and no more often than that; null for without an end.</summary>
    public sealed record Repeat(PatternNode Part, int Least, int? Most) : PatternNode;
}
