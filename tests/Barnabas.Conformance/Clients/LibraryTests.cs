using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Clients;

/// <summary>
/// Each script does admin work, a round trip with each codec that the library has, and a consumer group. Left out, because the
/// libraries do not have them: zstd in kafkajs, and zstd in @platformatic/kafka on Node.js 20.
/// </summary>
[Collection(ClientsCollection.Name)]
public sealed class LibraryTests(BrokerFixture fixture)
{
    private const string DebianPython = "/usr/bin/python3";

    private BrokerProcess Broker => fixture.Broker;

    [BrokerFact(Need.ConfluentPython, Apis = [Api.Fetch, Api.ListOffsets, Api.JoinGroup, Api.CreatePartitions, Api.DescribeConfigs])]
    public void Confluent_kafka_for_Python() => Run(DebianPython, "python/confluent.py", "none gzip snappy lz4 zstd");

    [BrokerFact(Need.KafkaPython, Apis = [Api.Fetch, Api.ListOffsets, Api.JoinGroup, Api.CreatePartitions, Api.DescribeConfigs])]
    public void Kafka_python() => Run(DebianPython, "python/kafka_python.py", "None gzip snappy lz4 zstd");

    [BrokerFact(Need.Node, Apis = [Api.Fetch, Api.ListOffsets, Api.JoinGroup, Api.CreatePartitions, Api.DeleteRecords])]
    public void Kafkajs() => Run("node", "node/kafkajs.mjs", "none gzip snappy lz4");

    [BrokerFact(Need.Node, Apis = [Api.Fetch, Api.ListOffsets, Api.JoinGroup, Api.CreatePartitions, Api.DeleteRecords])]
    public void Platformatic_kafka() => Run("node", "node/platformatic.mjs", "none gzip snappy lz4");

    [BrokerFact(Need.ConfluentPython, Apis = [Api.EndTxn, Api.TxnOffsetCommit])]
    public void Transactions_of_confluent_kafka_for_Python() => Run(DebianPython, "python/confluent_txn.py", "transactions");

    [BrokerFact(Need.Node, Apis = [Api.EndTxn, Api.TxnOffsetCommit])]
    public void Transactions_of_kafkajs() => Run("node", "node/kafkajs_txn.mjs", "transactions");

    private void Run(string interpreter, string script, string codecs)
    {
        var path = Checkout.At($"tests/Barnabas.Conformance/clients/{script}");
        var result = Command.Run(interpreter, [path, Broker.Bootstrap, fixture.NewName("library")]).Succeeded();
        Assert.StartsWith($"ok {codecs}", result.Text);
    }
}
