using Barnabas.Broker.Config;
using Barnabas.Broker.Quorum;
using Barnabas.Cluster.Metadata;

namespace Barnabas.Broker.Handlers.Admin;

/// <summary>What the handlers of metadata and administration stand on. Immutable, for any thread.</summary>
/// <param name="NodeId">This node.</param>
/// <param name="ClusterId">The cluster's id, as meta.properties has it.</param>
/// <param name="Quorum">The controller and the newest metadata.</param>
/// <param name="Config">The broker's configuration as it is now.</param>
/// <param name="WhenApplied">
/// Runs an action once this broker's partitions are as the metadata up to an offset wants them: who creates a topic may write to it when
/// the answer is there.
/// </param>
public sealed record AdminContext(
    int NodeId, string ClusterId, QuorumDriver Quorum, Func<BrokerConfig> Config, Action<long, Action> WhenApplied)
{
    /// <summary>Operations that everyone may do with a topic, while nobody is asked who they are: a bit per operation's number.</summary>
    public const int TopicOperations = 3576;

    /// <summary>As <see cref="TopicOperations"/>, for the cluster.</summary>
    public const int ClusterOperations = 8096;

    /// <summary>What stands for operations that were not asked for.</summary>
    public const int OperationsOmitted = int.MinValue;

    /// <summary>The newest committed metadata.</summary>
    public MetadataImage Image => Quorum.Publisher.Image;
}
