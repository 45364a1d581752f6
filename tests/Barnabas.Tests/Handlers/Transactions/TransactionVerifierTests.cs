using Barnabas.Base;
using Barnabas.Broker.Handlers.Producing;
using Barnabas.Cluster.Transactions.Requests;
using Barnabas.Log;

namespace Barnabas.Tests.Handlers.Transactions;

/// <summary>Which producers are asked about, what is asked, and what of the answer each of them can take.</summary>
public sealed class TransactionVerifierTests
{
    private static readonly TopicPartition At = new("t", 0);

    [Theory]
    [InlineData(12, 5, false, true)]
    [InlineData(11, 4, false, false)]
    [InlineData(11, 4, true, true)]
    public void To_join_is_never_switched_off(short produce, short commit, bool isEnabled, bool expected)
    {
        var verifier = new TransactionVerifier((_, _) => { }, () => isEnabled, 100);
        Assert.Equal((expected, expected), (verifier.Wants(produce), verifier.WantsForOffsets(commit)));
    }

    [Theory]
    [InlineData(12, ErrorCode.TransactionAbortable, ErrorCode.TransactionAbortable, null)]
    [InlineData(11, ErrorCode.TransactionAbortable, ErrorCode.TransactionAbortable, null)]
    [InlineData(10, ErrorCode.TransactionAbortable, ErrorCode.InvalidTxnState, "not added")]
    [InlineData(12, ErrorCode.ProducerFenced, ErrorCode.InvalidProducerEpoch, null)]
    [InlineData(12, ErrorCode.InvalidProducerIdMapping, ErrorCode.InvalidProducerIdMapping, null)]
    [InlineData(12, ErrorCode.ConcurrentTransactions, ErrorCode.NotEnoughReplicas, "CONCURRENT_TRANSACTIONS")]
    [InlineData(12, ErrorCode.NotCoordinator, ErrorCode.NotEnoughReplicas, "NOT_COORDINATOR")]
    public void Producers_are_told_what_they_understand(short version, ErrorCode error, ErrorCode told, string? message)
    {
        TransactionVerifier.Verdict? verdict = null;
        Verifier(error).Ask("x", new(5, 4, [At]), version, of => verdict = of(At));
        Assert.Equal(told, verdict!.Value.Error);
        Assert.Equal(message is not null, verdict.Value.Message is not null);
        Assert.Contains(message ?? "", verdict.Value.Message ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(5, ErrorCode.TransactionAbortable, ErrorCode.TransactionAbortable)]
    [InlineData(4, ErrorCode.TransactionAbortable, ErrorCode.TransactionAbortable)]
    [InlineData(3, ErrorCode.TransactionAbortable, ErrorCode.InvalidTxnState)]
    [InlineData(5, ErrorCode.ProducerFenced, ErrorCode.InvalidProducerEpoch)]
    [InlineData(5, ErrorCode.ConcurrentTransactions, ErrorCode.ConcurrentTransactions)]
    public void Whoever_commits_offsets_is_told_what_it_understands(short version, ErrorCode error, ErrorCode told)
    {
        ErrorCode? answer = null;
        Verifier(error).AskForOffsets("x", new(5, 4, [At]), version, code => answer = code);
        Assert.Equal(told, answer);
    }

    [Theory, InlineData(12, true), InlineData(11, false)]
    public void Only_those_whose_partitions_join_by_themselves_join(short version, bool joins)
    {
        AddPartitions? asked = null;
        new TransactionVerifier((_, operation) => asked = operation.Asked, () => true, 100).Ask("x", new(5, 4, [At]), version, _ => { });
        Assert.Equal((!joins, joins ? 2 : 0, 100), (asked!.VerifyOnly, (int)asked.ClientVersion, asked.WaitMs));
    }

    private static TransactionVerifier Verifier(ErrorCode error) => new(
        (_, operation) => operation.Finish(error), () => true, 100);
}
