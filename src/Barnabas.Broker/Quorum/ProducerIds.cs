using Barnabas.Base;
using Barnabas.Cluster.Controller;
using Barnabas.Messages;

namespace Barnabas.Broker.Quorum;

/// <summary>
/// Hands out producer ids, each once: from the block that the controller gave this broker, and from the next one when that is used up. Any
/// thread.
/// </summary>
public sealed class ProducerIds(QuorumDriver quorum, int nodeId, Func<long> brokerEpoch)
{
    /// <summary>Askers that may wait for a block.</summary>
    private const int WaitingMax = 10_000;

    private readonly Queue<Action<ErrorCode, long>> _waiting = [];
    private long _next;
    private long _end;

    /// <summary>
    /// Gives the next id, at once or when a block has come; <paramref name="done"/> runs on this thread or on the metadata loop.
    /// </summary>
    public void Take(Action<ErrorCode, long> done)
    {
        long id;
        var asks = false;
        lock (_waiting)
        {
            id = _next < _end ? _next++ : -1;
            if (id < 0 && _waiting.Count < WaitingMax)
            {
                asks = _waiting.Count == 0;
                _waiting.Enqueue(done);
                done = null!;
            }
        }

        if (done is not null)
        {
            done(id < 0 ? ErrorCode.CoordinatorLoadInProgress : ErrorCode.None, id);
        }
        else if (asks)
        {
            Ask();
        }
    }

    private void Ask()
    {
        var request = new AllocateProducerIdsRequest { BrokerId = nodeId, BrokerEpoch = brokerEpoch() };
        quorum.Submit(
            (machine, decision) => ProducerIdBlocks.Decide(machine, request, decision),
            (error, response) => Answer(response?.ErrorCode ?? error, response));
    }

    private void Answer(ErrorCode error, AllocateProducerIdsResponse? block)
    {
        var served = new List<(Action<ErrorCode, long> Done, long Id)>();
        bool asks;
        lock (_waiting)
        {
            if (error == ErrorCode.None)
            {
                _next = block!.ProducerIdStart;
                _end = _next + block.ProducerIdLen;
            }

            while (_waiting.Count > 0 && (error != ErrorCode.None || _next < _end))
            {
                served.Add((_waiting.Dequeue(), error == ErrorCode.None ? _next++ : -1));
            }

            asks = _waiting.Count > 0;
        }

        foreach (var (done, id) in served)
        {
            // Clients try again after this one, and the next try may find a controller.
            done(error == ErrorCode.None ? ErrorCode.None : ErrorCode.CoordinatorLoadInProgress, id);
        }

        if (asks)
        {
            Ask();
        }
    }
}
