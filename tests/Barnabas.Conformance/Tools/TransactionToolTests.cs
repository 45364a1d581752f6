using System.Text.RegularExpressions;
using Barnabas.Base;
using Barnabas.Conformance.Support;
using Barnabas.Conformance.Transactions;
using Barnabas.Messages;
using Barnabas.Shared;

namespace Barnabas.Conformance.Tools;

/// <summary>Kafka's own programs for transactions: kafka-transactions, the copier, dump-log.</summary>
[Collection(ToolsCollection.Name)]
public sealed class TransactionToolTests(BrokerFixture fixture)
{
    [BrokerFact(Need.Peer, Need.Kcat, Apis = [Api.EndTxn, Api.ListTransactions])]
    public void The_copier_copies_and_its_transactions_are_listed_described_and_dumped()
    {
        var (source, target, id) = (fixture.NewName("copy-source"), fixture.NewName("copy-target"), fixture.NewName("copier"));
        fixture.Tool("topics", "--create", "--topic", source);
        fixture.Tool("topics", "--create", "--topic", target);
        var lines = string.Concat(Enumerable.Range(0, 1000).Select(i => $"line {i}\n"));
        fixture.ToolWithInput(lines, "console-producer", "--topic", source);
        Command.Run(KafkaTools.Launcher, ["transactional-message-copier", "--transactional-id", id, "--broker-list",
            fixture.Broker.Bootstrap, "--input-topic", source, "--input-partition", "0", "--output-topic", target, "--consumer-group",
            $"{id}-group", "--max-messages", "1000", "--transaction-size", "100", "--enable-random-aborts", "--group-mode"]).Succeeded();
        Assert.Equal(lines, Kcat.Consume(fixture.Broker, target, "-X", "isolation.level=read_committed").Succeeded().Text);

        Assert.Matches($@"{id}\s+1\s+\d+\s+CompleteCommit", fixture.Tool("transactions", "list"));
        Assert.Matches($@"1\s+{id}\s+\d+\s+\d+\s+CompleteCommit\s+60000",
            fixture.Tool("transactions", "describe", "--transactional-id", id));
        var logs = fixture.Broker.PartitionFolders("__transaction_state").Select(folder => Directory.GetFiles(folder, "*.log").Single());
        var dump = fixture.Tools.Run("dump-log", "--transaction-log-decoder", "--files", string.Join(',', logs));
        Assert.Contains($"\"transactionalId\":\"{id}\"", dump);
        Assert.DoesNotContain("isvalid: false", dump);
    }

    [BrokerFact(Need.Peer, Apis = [Api.EndTxn, Api.ListTransactions, Api.DescribeProducers, Api.WriteTxnMarkers])]
    public void A_transaction_that_nobody_coordinates_is_found_and_aborted()
    {
        using var broker = BrokerProcess.Start(new Dictionary<string, string>
        {
            ["transaction.partition.verification.enable"] = "false",
        });
        using var connection = new MessageConnection(broker.Port);
        var producers = new TransactionProducer(connection);
        producers.CreateTopic("t", 1);
        producers.Begin("known");

        // As an old bug of old brokers left them: the log has a transaction that its coordinator knows nothing of.
        var stray = new InitProducerIdResponse { ProducerId = 4711, ProducerEpoch = 3 };
        Assert.Equal(ErrorCode.None, producers.Produce("stray", stray, 0, partition: 0, asPlainBatch: true).ErrorCode);
        string Tool(params string[] arguments) =>
            fixture.Tools.Run("transactions", ["--bootstrap-server", broker.Bootstrap, .. arguments]);
        var found = Tool("find-hanging", "--topic", "t", "--max-transaction-timeout", "0");
        Assert.Matches(@"t\s+0\s+4711\s+3\s+", found);
        Assert.Matches(@"4711\s+3\s+", Tool("describe-producers", "--topic", "t", "--partition", "0"));
        Tool("abort", "--topic", "t", "--partition", "0", "--start-offset", "0");
        Assert.DoesNotMatch(@"t\s+0\s+4711", Tool("find-hanging", "--topic", "t", "--max-transaction-timeout", "0"));
        Assert.Matches(@"None", Regex.Match(Tool("describe-producers", "--topic", "t", "--partition", "0"), "4711.*").Value);
    }
}
