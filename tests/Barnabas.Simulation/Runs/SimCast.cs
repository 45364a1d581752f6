using Barnabas.Base.Seams;
using Barnabas.Broker.Config;
using Barnabas.Simulation.Checkers;
using Barnabas.Simulation.Nodes;
using Barnabas.Simulation.Workloads;

namespace Barnabas.Simulation.Runs;

/// <summary>Who takes part in a history. Stateless.</summary>
internal static class SimCast
{
    /// <summary>How the node is configured.</summary>
    public static readonly BrokerConfig Config = BrokerConfig.Of(
    [
        KeyValuePair.Create("log.dirs", SimMachine.DataPath),
        KeyValuePair.Create("offsets.topic.num.partitions", $"{GroupModel.Pieces}"),
        KeyValuePair.Create("offsets.topic.replication.factor", "1"),
        KeyValuePair.Create("group.initial.rebalance.delay.ms", "100"),
        KeyValuePair.Create("group.min.session.timeout.ms", "500"),
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

        GroupModel[] groups = [.. new[] { "red", "blue" }.Select(name => new GroupModel(name, () => world.LossesOf(name)))];
        for (var i = 0; i < world.Scenario.Members; i++)
        {
            world.Clients.Add(new GroupMember(world, $"member{i}", groups[i % 2], workload.Split()));
        }

        for (var i = 0; i < world.Scenario.Fetchers; i++)
        {
            world.Clients.Add(new FetchClient(world, $"fetcher{i}", workload.Split()));
        }
    }
}
