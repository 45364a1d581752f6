using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Metadata;

namespace Barnabas.Cluster.Controller;

/// <summary>What is done to one key of a configuration, with the numbers of IncrementalAlterConfigs.</summary>
public enum ConfigChangeKind : sbyte
{
    Set = 0,
    Delete = 1,
    Append = 2,
    Subtract = 3,
}

/// <summary>One change of one key; a deletion has no value.</summary>
public readonly record struct ConfigChange(string Key, ConfigChangeKind Kind, string? Value);

/// <summary>What a resource would have set after changes, or why they are refused.</summary>
/// <param name="Error">None, or INVALID_CONFIG and the like.</param>
/// <param name="Message">For the client, with an error.</param>
/// <param name="Values">Everything set for the resource, without an error.</param>
public readonly record struct ConfigOutcome(ErrorCode Error, string? Message, IReadOnlyDictionary<string, string>? Values);

/// <summary>
/// Knows the table of configuration keys: applies changes to what is set for a resource and judges the outcome. Pure, and called on the
/// metadata loop.
/// </summary>
public delegate ConfigOutcome ConfigJudge(
    ConfigResource resource, PersistentMap<string, string> current, IReadOnlyList<ConfigChange> changes);

/// <summary>
/// What a controller decides by besides the metadata. Immutable but for the random numbers, which the metadata loop draws.
/// </summary>
public sealed record ControllerSettings
{
    /// <summary>This node.</summary>
    public required int NodeId { get; init; }

    /// <summary>num.partitions.</summary>
    public int PartitionsDefault { get; init; } = 1;

    /// <summary>default.replication.factor.</summary>
    public short ReplicationFactorDefault { get; init; } = 1;

    /// <summary>delete.topic.enable.</summary>
    public bool CanDeleteTopics { get; init; } = true;

    public required ConfigJudge JudgeConfig { get; init; }

    /// <summary>The levels of every feature that this program implements, kraft.version included.</summary>
    public required IReadOnlyList<FeatureRange> Features { get; init; }

    /// <summary>Draws topic ids and the places of replicas.</summary>
    public required Randomness Random { get; init; }
}
