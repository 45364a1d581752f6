using Barnabas.Base;
using Barnabas.Conformance.Support;
using Barnabas.Messages;
using Barnabas.Shared;

namespace Barnabas.Conformance.Transactions;

/// <summary>
/// Kafka is killed with a transaction that is open and one that is decided but has no marker yet; Barnabas opens the directory, brings the
/// decided one to its end, and lets the producer of the open one go on.
/// </summary>
[Trait("Category", "Slow")]
public sealed class DecidedTransactionTests
{
    [BrokerTheory(Need.Program, Need.Tools, Need.Peer, Need.ConfluentPython, Apis = [Api.EndTxn])]
    [InlineData("commit")]
    [InlineData("abort")]
    public void What_was_decided_is_carried_out_by_whoever_opens_the_directory(string how)
    {
        using var writer = BrokerProcess.Start(BrokerKind.Kafka);
        using (var connection = new MessageConnection(writer.Port))
        {
            var producers = new TransactionProducer(connection);
            producers.CreateTopic("t", 2);
            foreach (var id in (string[])["decided", "open"])
            {
                var begun = producers.Begin(id);
                Assert.Equal(ErrorCode.None, producers.Produce(id, begun, 0, partition: 0).ErrorCode);
                Assert.Equal(ErrorCode.None, producers.Produce(id, begun, 0, partition: 1).ErrorCode);
            }
        }

        writer.Kill();
        var script = Checkout.At("tests/Barnabas.Conformance/clients/python/txn_decide.py");
        string[] arguments = [script, Path.Combine(Checkout.Shared, "tools", "wirelab"), writer.DataFolder, "decided", how];
        Command.Run("/usr/bin/python3", arguments).Succeeded();

        using var reader = BrokerProcess.Start(BrokerKind.Barnabas, dataFolder: writer.DataFolder, controllerPort: writer.ControllerPort);
        using var client = new MessageConnection(reader.Port);
        var after = new TransactionProducer(client);
        Assert.Equal(how == "commit" ? "CompleteCommit" : "CompleteAbort", after.Settled("decided").TransactionState);
        var open = after.Settled("open");
        Assert.Equal("Ongoing", open.TransactionState);
        Assert.Equal([0, 1], open.Topics.Single().Partitions.Order());
        Assert.Equal(how == "commit" ? ["decided-0"] : [], after.ReadCommitted("t", 0));

        var producer = new InitProducerIdResponse { ProducerId = open.ProducerId, ProducerEpoch = open.ProducerEpoch };
        Assert.Equal(ErrorCode.None, after.Produce("open", producer, 1, partition: 0).ErrorCode);
        Assert.Equal(ErrorCode.None, after.End("open", producer, commit: true).ErrorCode);
        Assert.Equal("CompleteCommit", after.Settled("open").TransactionState);
        Assert.Equal([.. how == "commit" ? (string[])["decided-0"] : [], "open-0", "open-1"], after.ReadCommitted("t", 0));
        Assert.Equal(how == "commit" ? ["decided-0", "open-0"] : ["open-0"], after.ReadCommitted("t", 1));
    }
}
