using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions.Records;

namespace Barnabas.Cluster.Transactions;

/// <summary>
/// A request that cannot be decided before it has a producer id that nobody has had. Owned by the loop of its coordinator.
/// </summary>
internal interface IWantsProducerId
{
    /// <summary>The id that was brought, or -1.</summary>
    long BroughtProducerId { get; set; }
}

/// <summary>Requests that wait for a new producer id. Owned by the loop of its coordinator.</summary>
internal sealed class ProducerIdWaits
{
    private readonly HashSet<Operation<TransactionCoordinator, TransactionRecord>> _waiting = [];

    /// <summary>Has an id brought, with which the operation is decided once more. The operation has to be deferred.</summary>
    public void Bring<TOperation>(TransactionCoordinator coordinator, TOperation operation)
        where TOperation : Operation<TransactionCoordinator, TransactionRecord>, IWantsProducerId
    {
        _waiting.Add(operation);
        coordinator.World.NewProducerId((error, id) => coordinator.Loop.Post(new ActionTask(() =>
        {
            _waiting.Remove(operation);
            if (operation.IsFinished)
            {
                return;
            }

            operation.BroughtProducerId = id;
            if (error == ErrorCode.None)
            {
                coordinator.World.Submit(operation);
            }
            else
            {
                operation.Finish(error);
            }
        })));
    }

    /// <summary>Answers them all with an error.</summary>
    public void Fail(ErrorCode error)
    {
        foreach (var operation in _waiting)
        {
            operation.Finish(error);
        }

        _waiting.Clear();
    }
}
