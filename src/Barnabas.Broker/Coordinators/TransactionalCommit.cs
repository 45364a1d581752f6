using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Broker.Handlers.Producing;
using Barnabas.Cluster.Groups.Offsets;
using Barnabas.Cluster.Partitions;
using Barnabas.Messages;

namespace Barnabas.Broker.Coordinators;

/// <summary>
/// A commit of offsets in a transaction on its way: to the group's partition, from there to the transaction's coordinator where the
/// transaction is not open on that partition yet, and back. Owned by the loop of the group's partition from <see cref="Begin"/> on.
/// </summary>
/// <param name="replica">The group's partition.</param>
/// <param name="request">What is to be committed.</param>
/// <param name="operation">The same for the group's coordinator; it answers.</param>
/// <param name="submitted">Called on the loop of the partition once it is decided or refused.</param>
/// <param name="version">Of the request.</param>
internal sealed class TransactionalCommit(
    Replica replica, TxnOffsetCommitRequest request, CommitInTransactionOperation operation, Action submitted, short version)
{
    /// <summary>Starts it. Any thread.</summary>
    public void Begin(TransactionVerifier verifier) => replica.Shard.Loop.PostOrRun(new ActionTask(() => Ask(verifier)));

    private void Ask(TransactionVerifier verifier)
    {
        var guard = verifier.WantsForOffsets(version) ? TransactionGuard.Of(replica, request.ProducerId, request.ProducerEpoch) : null;
        if (guard is not { } asked)
        {
            Commit(ErrorCode.None);
            return;
        }

        var asker = new TransactionVerifier.Asker(request.ProducerId, request.ProducerEpoch, [replica.Partition]);

        // Where a marker has come meanwhile, mostly that of the transaction before, the client asks again and the coordinator with it: an
        // error that says more would end the client.
        verifier.AskForOffsets(request.TransactionalId, asker, version, error => replica.Shard.Loop.Post(new ActionTask(() =>
            Commit(error == ErrorCode.None && !asked.Holds(replica, request.ProducerId) ? ErrorCode.CoordinatorLoadInProgress : error))));
    }

    private void Commit(ErrorCode error)
    {
        if (error == ErrorCode.None)
        {
            GroupCoordinators.SubmitHere(replica, operation);
        }
        else
        {
            operation.Finish(error);
        }

        submitted();
    }
}
