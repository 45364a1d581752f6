using Barnabas.Log.Producers;
using Barnabas.Protocol.Records;

namespace Barnabas.Log.Compaction;

/// <summary>
/// The batches that say what the producers of a log sent last: compaction keeps them, empty if need be, so that recovery finds the
/// sequences and epochs again. Immutable: a copy of the states at one moment.
/// </summary>
internal sealed class LiveProducers
{
    private readonly Dictionary<long, (long LastDataOffset, short Epoch)> _last = [];

    internal LiveProducers(ProducerStates states)
    {
        foreach (var entry in states.Entries)
        {
            _last[entry.ProducerId] = (entry.Count > 0 ? entry.Last.LastOffset : -1, entry.Epoch);
        }
    }

    /// <summary>
    /// True for the last data batch of a producer; where its epoch has no data yet, for the marker that began the epoch.
    /// </summary>
    internal bool IsLastOf(in RecordBatchHeader batch) =>
        batch.HasProducerId && _last.TryGetValue(batch.ProducerId, out var last)
        && (last.LastDataOffset >= 0 ? batch.LastOffset == last.LastDataOffset : batch.IsControl && batch.ProducerEpoch == last.Epoch);
}
