using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Cluster.Controller;

/// <summary>Decides AllocateProducerIds: a broker gets the next block, and no block is given twice. Stateless.</summary>
public static class ProducerIdBlocks
{
    /// <summary>Ids of one block.</summary>
    public const int BlockLength = 1000;

    /// <summary>Gives a block to a broker.</summary>
    public static AllocateProducerIdsResponse Decide(
        ControllerMachine machine, AllocateProducerIdsRequest request, Decision<MetadataRecord> decision)
    {
        if (machine.Image.Brokers.Find(request.BrokerId) is not { } broker || broker.Epoch != request.BrokerEpoch)
        {
            return new AllocateProducerIdsResponse { ErrorCode = ErrorCode.StaleBrokerEpoch };
        }

        var first = machine.Image.NextProducerId;
        if (first > long.MaxValue - BlockLength)
        {
            return new AllocateProducerIdsResponse { ErrorCode = ErrorCode.UnknownServerError };
        }

        decision.Add(new MetadataRecord(ProducerIdsRecord.RecordType, 0, new ProducerIdsRecord
        {
            BrokerId = request.BrokerId, BrokerEpoch = request.BrokerEpoch, NextProducerId = first + BlockLength,
        }));
        return new AllocateProducerIdsResponse { ProducerIdStart = first, ProducerIdLen = BlockLength };
    }
}
