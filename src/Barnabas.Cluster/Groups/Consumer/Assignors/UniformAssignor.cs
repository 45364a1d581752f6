using System.Collections.Immutable;

namespace Barnabas.Cluster.Groups.Consumer.Assignors;

/// <summary>
/// Gives every member as many partitions as the others, as far as subscriptions allow, and lets members keep what they have. Stateless.
/// </summary>
public sealed class UniformAssignor : ConsumerAssignor
{
    /// <summary>Its name.</summary>
    public const string TheName = "uniform";

    /// <summary>The only one.</summary>
    public static readonly UniformAssignor Instance = new();

    private UniformAssignor()
    {
    }

    /// <inheritdoc/>
    public override string Name => TheName;

    /// <inheritdoc/>
    public override ImmutableArray<TopicIdPartition>[] Assign(AssignmentInput input)
    {
        var balance = new Balance(input);
        balance.Keep();
        balance.ShareOut();
        balance.Level();
        balance.Cheapen();
        return balance.Result();
    }
}
