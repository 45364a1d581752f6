using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Handlers.Producing;
using Barnabas.Broker.Quorum;

namespace Barnabas.Broker.Node;

/// <summary>
/// The coordinators of a node's groups and transactions, made before the first log is open, so that no partition of theirs is missed.
/// Immutable.
/// </summary>
internal sealed class NodeCoordinators
{
    public NodeCoordinators(NodeParts parts)
    {
        ProducerIds = new ProducerIds(parts.Quorum, parts.Config.NodeId, parts.BrokerEpoch);
        Groups = new GroupCoordinators(
            parts.Logs.Replicas.Table,
            parts.Quorum.Publisher,
            GroupConfigs.Of(parts.Config.Groups),
            new Loop("group-loading", parts.Group.BackgroundLoops, parts.Clock),
            parts.Randomness.Split(),
            text => parts.Log.Error("groups", text))
        {
            Progress = text => parts.Log.Info("groups", text),
        };
        Transactions = new TransactionCoordinators(new TransactionParts
        {
            Replicas = parts.Logs.Replicas.Table,
            Metadata = parts.Quorum.Publisher,
            Config = TransactionConfigs.Of(parts.Config.Transactions),
            Background = new Loop("transaction-loading", parts.Group.BackgroundLoops, parts.Clock),
            Clock = parts.Clock,
            NewProducerId = ProducerIds.Take,
            Report = text => parts.Log.Error("transactions", text),
        })
        {
            Progress = text => parts.Log.Info("transactions", text),
        };
        Verifier = new TransactionVerifier(
            (id, operation) => Transactions.Submit(id, operation),
            () => parts.Live.Broker.Transactions.VerifiesPartitions,
            parts.Config.Transactions.JoinWaitMs);
        parts.Logs.Replicas.Changed = (replica, isHere) =>
        {
            Groups.OnReplica(replica, isHere);
            Transactions.OnReplica(replica, isHere);
        };
    }

    public ProducerIds ProducerIds { get; }

    public GroupCoordinators Groups { get; }

    public TransactionCoordinators Transactions { get; }

    public TransactionVerifier Verifier { get; }

    /// <summary>Whoever waits for a coordinator is told to find another.</summary>
    public void Stop()
    {
        Groups.Stop();
        Transactions.Stop();
    }
}
