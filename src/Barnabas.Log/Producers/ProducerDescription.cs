namespace Barnabas.Log.Producers;

/// <summary>One producer as DescribeProducers shows it; -1 where a value is not known.</summary>
public readonly record struct ProducerDescription(
    long ProducerId, int Epoch, int LastSequence, long LastTimestampMs, int CoordinatorEpoch, long TransactionFirstOffset)
{
    internal static ProducerDescription Of(ProducerEntry entry) => new(
        entry.ProducerId, entry.Epoch, entry.LastSequence, entry.LastTimestampMs, entry.CoordinatorEpoch, entry.TransactionFirstOffset);
}
