using Barnabas.Cluster.Partitions;
using Barnabas.Messages.Views;
using Barnabas.Protocol.Records;

namespace Barnabas.Broker.Handlers.Producing;

/// <summary>What the transactional batches of one Produce request have in common. Owned by the handler's turn.</summary>
internal struct TransactionOfRequest(in ProduceRequestView view, TransactionVerifier verifier)
{
    /// <summary>Kafka's sentence.</summary>
    public const string SeveralProducers = "Transactional records contained more than one producer ID";

    private readonly TransactionCheck _check = view.HasTransactionalId && verifier.Wants(view.Version)
        ? TransactionCheck.Wanted
        : TransactionCheck.None;

    private long _producerId = -1;

    /// <summary>True when its batches do not all come from one producer, which fails the request.</summary>
    public bool HasSeveralProducers { get; private set; }

    /// <summary>True when the coordinator may have to be asked about one of its batches.</summary>
    public readonly bool IsChecked => _check != TransactionCheck.None && _producerId >= 0;

    /// <summary>Looks at one of its batches. A batch without a producer id is part of no transaction, whatever it says.</summary>
    public TransactionCheck CheckOf(ReadOnlySpan<byte> batch)
    {
        if (!RecordBatchHeader.TryRead(batch, out var header) || !header.HasProducerId)
        {
            return TransactionCheck.None;
        }

        HasSeveralProducers |= _producerId >= 0 && _producerId != header.ProducerId;
        _producerId = header.ProducerId;
        return _check;
    }
}
