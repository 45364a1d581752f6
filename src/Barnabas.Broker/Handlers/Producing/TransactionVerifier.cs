using Barnabas.Base;
using Barnabas.Cluster.Transactions.Requests;
using Barnabas.Log;

namespace Barnabas.Broker.Handlers.Producing;

/// <summary>
/// Asks a transaction's coordinator whether a producer may write to partitions, which for new clients is how the partitions join.
/// Immutable, for any thread.
/// </summary>
/// <param name="submit">The way to the coordinator of a transactional id.</param>
/// <param name="isEnabled"><c>transaction.partition.verification.enable</c> as it is now.</param>
/// <param name="waitMs">How long to wait for the markers of the transaction before.</param>
internal sealed class TransactionVerifier(
    Action<string, AddPartitionsOperation> submit, Func<bool> isEnabled, int waitMs)
{
    /// <summary>Versions of Produce from which on partitions join by themselves, and producers know an error that only aborts.</summary>
    private const short FirstProduceThatJoins = 12, FirstProduceWithAbortable = 11;

    /// <summary>The same of TxnOffsetCommit.</summary>
    private const short FirstCommitThatJoins = 5, FirstCommitWithAbortable = 4;

    /// <summary>True when a producer that sends this version of Produce is asked about. Joining is never switched off.</summary>
    public bool Wants(short produceVersion) => produceVersion >= FirstProduceThatJoins || isEnabled();

    /// <summary>True when a producer that sends this version of TxnOffsetCommit is asked about.</summary>
    public bool WantsForOffsets(short commitVersion) => commitVersion >= FirstCommitThatJoins || isEnabled();

    /// <summary>Asks for a Produce request; the answer, by partition, comes on any thread.</summary>
    public void Ask(string transactionalId, Asker asker, short version, Action<Func<TopicPartition, Verdict>> answer) =>
        Ask(transactionalId, asker, version >= FirstProduceThatJoins, added => answer(
            at => VerdictOf(added.Of(at), version >= FirstProduceWithAbortable)));

    /// <summary>Asks for a TxnOffsetCommit request; the answer comes on any thread.</summary>
    public void AskForOffsets(string transactionalId, Asker asker, short version, Action<ErrorCode> answer) =>
        Ask(transactionalId, asker, version >= FirstCommitThatJoins, added => answer(
            CodeOf(added.Of(asker.Partitions[0]), version >= FirstCommitWithAbortable)));

    private void Ask(string transactionalId, Asker asker, bool joins, Action<AddedPartitions> answer)
    {
        var question = new AddPartitions(transactionalId, asker.ProducerId, asker.Epoch, asker.Partitions)
        {
            ClientVersion = joins ? (short)2 : (short)0,
            VerifyOnly = !joins,
            WaitMs = waitMs,
        };
        submit(transactionalId, new AddPartitionsOperation(question, answer));
    }

    private static ErrorCode CodeOf(ErrorCode error, bool knowsAbortable) => error switch
    {
        // Producers do not know the newer code here.
        ErrorCode.ProducerFenced => ErrorCode.InvalidProducerEpoch,
        ErrorCode.TransactionAbortable when !knowsAbortable => ErrorCode.InvalidTxnState,
        _ => error,
    };

    private static Verdict VerdictOf(ErrorCode error, bool knowsAbortable)
    {
        var code = CodeOf(error, knowsAbortable);
        return code switch
        {
            ErrorCode.InvalidTxnState => new Verdict(code, "Partition was not added to the transaction"),

            // Kafka's choice of a code after which every client tries again without looking for another leader.
            ErrorCode.ConcurrentTransactions or ErrorCode.CoordinatorLoadInProgress or ErrorCode.CoordinatorNotAvailable
                or ErrorCode.NotCoordinator => new Verdict(
                    ErrorCode.NotEnoughReplicas,
                    $"Unable to verify the partition has been added to the transaction. Underlying error: {code.ProtocolName()}"),
            _ => new Verdict(code, null),
        };
    }

    /// <summary>Which producer wants to write where. Immutable.</summary>
    public sealed record Asker(long ProducerId, short Epoch, IReadOnlyList<TopicPartition> Partitions);

    /// <summary>What a partition's part of a Produce request is told. Immutable.</summary>
    public readonly record struct Verdict(ErrorCode Error, string? Message);
}
