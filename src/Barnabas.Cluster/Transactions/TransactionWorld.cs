using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions.Markers;
using Barnabas.Cluster.Transactions.Records;

namespace Barnabas.Cluster.Transactions;

/// <summary>What a coordinator asks of the broker around it. Immutable; the coordinator's loop calls it.</summary>
public sealed record TransactionWorld
{
    /// <summary>Decides an operation of the coordinator itself. Never from inside of another's decision.</summary>
    public required Action<Operation<TransactionCoordinator, TransactionRecord>> Submit { get; init; }

    /// <summary>The level of the feature <c>transaction.version</c> now.</summary>
    public required Func<short> TransactionVersion { get; init; }

    /// <summary>The leader epoch of the coordinator's partition, by which an old coordinator's markers are refused.</summary>
    public required Func<int> CoordinatorEpoch { get; init; }

    /// <summary>Gives a producer id that nobody has had; the answer comes on any thread.</summary>
    public required Action<Action<ErrorCode, long>> NewProducerId { get; init; }

    /// <summary>Has markers written by the leaders of their partitions; the answer comes on any thread, once.</summary>
    public required Action<MarkerOrder, Action<MarkerOutcome>> WriteMarkers { get; init; }

    /// <summary>Takes a sentence for the operator.</summary>
    public required Action<string> Report { get; init; }
}
