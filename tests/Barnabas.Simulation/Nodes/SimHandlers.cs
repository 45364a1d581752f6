using Barnabas.Base.Seams;
using Barnabas.Broker.Handlers.Admin;
using Barnabas.Broker.Handlers.Fetching;
using Barnabas.Broker.Handlers.Groups;
using Barnabas.Broker.Handlers.Partitions;
using Barnabas.Broker.Handlers.Producing;
using Barnabas.Broker.Handlers.Transactions;
using Barnabas.Broker.Network;
using Barnabas.Messages;

namespace Barnabas.Simulation.Nodes;

/// <summary>The production handlers that the workloads call.</summary>
internal static class SimHandlers
{
    /// <summary>Makes them for one life of a node.</summary>
    public static HandlerTable Of(SimNode node, SimMachine machine, Randomness randomness)
    {
        var table = node.Replicas.Table;
        var context = node.Admin();
        var sessions = new FetchSessionCache(slotsMax: 4, machine.Clock, randomness);
        var partitions = new PartitionFinder(table, () => node.Driver.Publisher.Image);
        var transactions = node.Transactions;
        var verifier = new TransactionVerifier(
            (id, operation) => transactions.Submit(id, operation), () => machine.VerifiesTransactions,
            machine.Config.Transactions.JoinWaitMs);
        return new HandlerTable(ApiListeners.Broker)
            .Add(new ProduceHandler(
                table, node.BackgroundLoop("produce-slow"), machine.Clock, verifier, () => machine.Config.ChecksRecords))
            .Add(new FetchHandler(
                table, sessions, new AsideReads([node.BackgroundLoop("fetch-aside")]), machine.Config.Network.FetchBytesMax))
            .Add(new ListOffsetsHandler(partitions, node.BackgroundLoop("lookups")))
            .Add(new CreateTopicsHandler(context))
            .Add(new DeleteTopicsHandler(context))
            .Add(new IncrementalAlterConfigsHandler(context))
            .Add(new InitProducerIdHandler(node.ProducerIds, transactions))
            .Add(new WriteTxnMarkersHandler(partitions, machine.Clock))
            .AddGroups(node.Groups, node.Driver.Publisher, topic => node.AutoTopics.Create(topic))
            .AddTransactions(transactions, node.Groups, verifier, machine.Config.Groups.OffsetsTopicPartitions);
    }
}
