using Barnabas.Base.Seams;
using Barnabas.Broker.Config;
using Barnabas.Simulation.Checkers;
using Barnabas.Simulation.Faults;
using Barnabas.Simulation.Nodes;
using Barnabas.Simulation.Workloads;

namespace Barnabas.Simulation.Runs;

/// <summary>Who takes part in a history. Stateless.</summary>
internal static class SimCast
{
    /// <summary>Of the topic of transactions.</summary>
    public const int TransactionPartitions = 2;

    /// <summary>The transactional id of one of those whose transactions a coordinator decides: some have theirs alone.</summary>
    public static string IdOf(int client) => $"id{(client < 4 ? client / 2 : client)}";

    /// <summary>How the node is configured.</summary>
    public static BrokerConfig ConfigOf(Scenario scenario) => BrokerConfig.Of(
    [
        KeyValuePair.Create("log.dirs", SimMachine.DataPath),
        KeyValuePair.Create("offsets.topic.num.partitions", $"{GroupModel.Pieces}"),
        KeyValuePair.Create("offsets.topic.replication.factor", "1"),
        KeyValuePair.Create("group.initial.rebalance.delay.ms", "100"),
        KeyValuePair.Create("group.min.session.timeout.ms", "500"),
        KeyValuePair.Create("transaction.state.log.num.partitions", $"{TransactionPartitions}"),
        KeyValuePair.Create("transaction.state.log.replication.factor", "1"),
        KeyValuePair.Create("transaction.state.log.min.isr", "1"),
        KeyValuePair.Create("transaction.abort.timed.out.transaction.cleanup.interval.ms", "300"),
        KeyValuePair.Create("group.consumer.min.session.timeout.ms", "500"),
        KeyValuePair.Create("group.consumer.session.timeout.ms", "1500"),
        KeyValuePair.Create("group.consumer.min.heartbeat.interval.ms", "50"),
        KeyValuePair.Create("group.consumer.heartbeat.interval.ms", "200"),
        KeyValuePair.Create("group.consumer.assignment.interval.ms", "100"),
        KeyValuePair.Create("barnabas.flush.on.ack", scenario.FlushesAll > 0 ? "true" : "false"),
    ]);

    /// <summary>Has all of a scenario's clients take part.</summary>
    public static void Join(SimWorld world, Randomness workload)
    {
        world.Clients.Add(new AdminClient(world, "admin", workload.Split()));
        world.Clients.Add(new LookupClient(world, "lookup", workload.Split()));
        for (var i = 0; i < world.Scenario.Producers; i++)
        {
            world.Clients.Add(new ProducerClient(world, $"producer{i}", workload.Split()));
        }

        for (var i = 0; i < world.Scenario.Transactions; i++)
        {
            world.Clients.Add(new TransactionClient(world, $"transactional{i}", workload.Split()));
        }

        ProducerEpochs? epochs = null;
        for (var i = 0; i < world.Scenario.ExactlyOnce; i++)
        {
            var id = IdOf(i);
            epochs = i is 1 or 3 ? epochs : new ProducerEpochs(id);
            world.Clients.Add(new ExactlyOnceClient(world, $"exact{i}", epochs!, id, workload.Split()));
        }

        GroupModel[] groups = [.. new[] { "red", "blue" }.Select(name => new GroupModel(name, () => world.LossesOf(name)))];
        for (var i = 0; i < world.Scenario.Members; i++)
        {
            world.Clients.Add(new GroupMember(world, $"member{i}", groups[i % 2], workload.Split()));
        }

        var consumers = new OwnershipModel(world, "green");
        for (var i = 0; i < world.Scenario.Consumers; i++)
        {
            world.Clients.Add(new ConsumerClient(world, $"consumer{i}", consumers, workload.Split()));
        }

        // Of one kind: they have to have an assignor in common.
        var areCooperative = world.Scenario.ClassicConsumers > 0 && workload.Chance(0.5);
        for (var i = 0; i < world.Scenario.ClassicConsumers; i++)
        {
            world.Clients.Add(new ClassicConsumer(world, $"classic{i}", consumers, areCooperative, workload.Split()));
        }

        for (var i = 0; i < world.Scenario.Fetchers; i++)
        {
            world.Clients.Add(new FetchClient(world, $"fetcher{i}", workload.Split()));
        }
    }
}
