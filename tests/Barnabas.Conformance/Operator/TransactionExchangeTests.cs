using Barnabas.Base;
using Barnabas.Conformance.Support;
using Barnabas.Conformance.Transactions;
using Barnabas.Messages;
using Barnabas.Shared;

namespace Barnabas.Conformance.Operator;

/// <summary>
/// One program is killed with transactions that are committed, aborted and open; the other one opens the directory, knows them all, and
/// the producer of the open one goes on.
/// </summary>
[Trait("Category", "Slow")]
public sealed class TransactionExchangeTests
{
    [BrokerTheory(Need.Program, Need.Peer, Need.ConfluentPython, Apis = [Api.EndTxn])]
    [InlineData("Barnabas", "Kafka")]
    [InlineData("Kafka", "Barnabas")]
    public void The_other_program_goes_on_with_the_transactions(string first, string second)
    {
        using var writer = BrokerProcess.Start(Enum.Parse<BrokerKind>(first));
        InitProducerIdResponse open;
        using (var connection = new MessageConnection(writer.Port))
        {
            var producers = new TransactionProducer(connection);
            producers.CreateTopic("t", 2);
            foreach (var id in (string[])["committed", "aborted"])
            {
                var begun = producers.Begin(id);
                Assert.Equal(ErrorCode.None, producers.Produce(id, begun, 0, partition: 0).ErrorCode);
                Assert.Equal(ErrorCode.None, producers.End(id, begun, commit: id == "committed").ErrorCode);
                producers.Settled(id);
            }

            open = producers.Begin("open");
            Assert.Equal(ErrorCode.None, producers.Produce("open", open, 0, partition: 0).ErrorCode);
            Assert.Equal(ErrorCode.None, producers.Produce("open", open, 0, partition: 1).ErrorCode);
        }

        writer.Kill();
        using var reader = BrokerProcess.Start(Enum.Parse<BrokerKind>(second), null, writer.DataFolder, writer.ControllerPort);
        using var client = new MessageConnection(reader.Port);
        var after = new TransactionProducer(client);
        Assert.Equal("CompleteCommit", after.Settled("committed").TransactionState);
        Assert.Equal("CompleteAbort", after.Settled("aborted").TransactionState);
        var known = after.Settled("open");
        Assert.Equal(("Ongoing", open.ProducerId, open.ProducerEpoch), (known.TransactionState, known.ProducerId, known.ProducerEpoch));
        Assert.Equal([0, 1], known.Topics.Single().Partitions.Order());
        Assert.Equal(["committed-0"], after.ReadCommitted("t", 0));
        Assert.Equal([], after.ReadCommitted("t", 1));

        Assert.Equal(ErrorCode.None, after.Produce("open", open, 1, partition: 1).ErrorCode);
        Assert.Equal(ErrorCode.None, after.End("open", open, commit: true).ErrorCode);
        Assert.Equal("CompleteCommit", after.Settled("open").TransactionState);
        Assert.Equal(["committed-0", "open-0"], after.ReadCommitted("t", 0));
        Assert.Equal(["open-0", "open-1"], after.ReadCommitted("t", 1));
        var begunAnew = after.Begin("committed");
        Assert.Equal(ErrorCode.None, after.Produce("committed", begunAnew, 0, partition: 1).ErrorCode);
        Assert.Equal(ErrorCode.None, after.End("committed", begunAnew, commit: true).ErrorCode);
    }
}
