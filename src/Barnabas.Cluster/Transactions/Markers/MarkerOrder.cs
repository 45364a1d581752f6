using Barnabas.Base;
using Barnabas.Log;

namespace Barnabas.Cluster.Transactions.Markers;

/// <summary>Markers that end one transaction. Immutable.</summary>
/// <param name="ProducerId">Whose transaction it is.</param>
/// <param name="Epoch">The producer's epoch; from transaction version 2 on higher than that of the transaction's records.</param>
/// <param name="IsCommit">How it ends.</param>
/// <param name="TransactionVersion">2 where a partition may insist on the higher epoch, else 0.</param>
/// <param name="CoordinatorEpoch">Who decided.</param>
/// <param name="Partitions">Where one is wanted.</param>
public sealed record MarkerOrder(
    long ProducerId, short Epoch, bool IsCommit, short TransactionVersion, int CoordinatorEpoch, IReadOnlyList<TopicPartition> Partitions);

/// <summary>What became of an order. Immutable.</summary>
/// <param name="Failed">The partitions that have no marker yet, with the reason. A partition that was deleted needs none.</param>
public sealed record MarkerOutcome(IReadOnlyList<(TopicPartition Partition, ErrorCode Error)> Failed);
