using Barnabas.Base;
using Barnabas.Cluster.Controller;
using Barnabas.Messages;

namespace Barnabas.Tests.Cluster.Controller;

public sealed class UnregisterBrokerTests
{
    [Fact]
    public void A_broker_that_is_unregistered_is_forgotten_and_leads_nothing()
    {
        using var bench = new QuorumBench().Format().Start();
        bench.Register();
        bench.Create("t", partitions: 2);
        Assert.Equal(QuorumBench.NodeId, bench.Image.Topics.Find("t")!.Partitions[1].Leader);

        Assert.Equal(ErrorCode.None, Unregister(bench, QuorumBench.NodeId).ErrorCode);
        Assert.Null(bench.Image.Brokers.Find(QuorumBench.NodeId));
        Assert.All(bench.Image.Topics.Find("t")!.Partitions, partition => Assert.Equal(-1, partition.Leader));
        bench.Stop();
    }

    [Fact]
    public void A_broker_that_nobody_knows_cannot_be_unregistered()
    {
        using var bench = new QuorumBench().Format().Start();
        var answer = Unregister(bench, 77);
        Assert.Equal(ErrorCode.BrokerIdNotRegistered, answer.ErrorCode);
        Assert.Equal("Broker ID 77 is not currently registered", answer.ErrorMessage);
        bench.Stop();
    }

    private static UnregisterBrokerResponse Unregister(QuorumBench bench, int id) => bench.Ask(
        (machine, decision) => BrokerRegistrations.Unregister(machine, new UnregisterBrokerRequest { BrokerId = id }, decision));
}
