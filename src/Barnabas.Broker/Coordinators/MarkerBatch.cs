using Barnabas.Base.Bytes;
using Barnabas.Protocol.Records;

namespace Barnabas.Broker.Coordinators;

/// <summary>The control batch that ends a transaction on one partition. Stateless.</summary>
internal static class MarkerBatch
{
    /// <summary>Its bytes, which are the caller's; offset and leader epoch are set where it is appended.</summary>
    public static ByteWriter Make(long producerId, short producerEpoch, bool isCommit, int coordinatorEpoch, long nowMs)
    {
        var bytes = new ByteWriter(128);
        using var batch = new RecordBatchBuilder(bytes);
        batch.Begin(new BatchOptions
        {
            ProducerId = producerId, ProducerEpoch = producerEpoch, IsTransactional = true, IsControl = true,
        });
        ControlRecords.AppendMarker(batch, nowMs, isCommit, coordinatorEpoch);
        batch.End();
        return bytes;
    }
}
