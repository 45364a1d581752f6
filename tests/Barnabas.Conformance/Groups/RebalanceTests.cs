using System.Diagnostics;
using System.Text;
using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Groups;

/// <summary>
/// Three members over six partitions join, die by SIGKILL, freeze and come back while records keep coming. Every record is delivered
/// to somebody, and committed offsets never go back.
/// </summary>
public sealed class RebalanceTests
{
    private const int Partitions = 6;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);

    [BrokerTheory(Need.ConfluentPython, Apis = [Api.Produce, Api.Fetch, Api.ListOffsets, Api.JoinGroup])]
    [InlineData("range")]
    [InlineData("roundrobin")]
    [InlineData("cooperative-sticky")]
    [Trait("Category", "Slow")]
    public void Members_join_die_and_come_back(string strategy)
    {
        using var broker = StartBroker();
        var load = new Load(broker, "six");
        using var watch = Watch(broker, "six", "group");
        Member Join() => new(broker.Bootstrap, "six", "group", strategy);

        using var first = Join();
        Until(() => Owned(first) == 6, first);
        using var second = Join();
        Until(() => Owned(first) == 3 && Owned(second) == 3, first, second);
        using var third = Join();
        Until(() => Owned(first) == 2 && Owned(second) == 2 && Owned(third) == 2, first, second, third);
        AssertDisjoint(first, second, third);
        load.Send(1000);

        second.Kill();
        load.Send(1000);
        Until(() => Owned(first) == 3 && Owned(third) == 3, first, third);
        using var again = Join();
        Until(() => Owned(first) == 2 && Owned(again) == 2 && Owned(third) == 2, first, again, third);

        third.Freeze();
        Until(() => Owned(first) == 3 && Owned(again) == 3, first, again);
        load.Send(1000);
        third.Thaw();
        Until(() => Owned(first) == 2 && Owned(again) == 2 && Owned(third) == 2, first, again, third);

        load.Send(1000);
        Until(() => Seen(first, second, third, again).Count == load.Sent, first, second, third, again);
        Assert.Equal(Enumerable.Range(0, load.Sent), Seen(first, second, third, again).Order());
        first.Leave();
        again.Leave();
        third.Leave();
        AssertNeverWentBack(watch, load.Sent);
    }

    [BrokerTheory(Need.ConfluentPython, Apis = [Api.Produce, Api.Fetch, Api.ListOffsets, Api.JoinGroup])]
    [InlineData("range")]
    [InlineData("cooperative-sticky")]
    public void A_static_member_comes_back_to_its_partitions_without_a_rebalance(string strategy)
    {
        using var broker = StartBroker();
        var load = new Load(broker, "six");
        using var watch = Watch(broker, "six", "group");
        Member Join(string instance) => new(broker.Bootstrap, "six", "group", strategy, instance);

        using var first = Join("a");
        using var second = Join("b");
        using var third = Join("c");
        Until(() => Owned(first) == 2 && Owned(second) == 2 && Owned(third) == 2, first, second, third);
        load.Send(1000);
        var before = (first.Rebalances, third.Rebalances);
        var owned = second.Owned;

        second.Kill();
        using var again = Join("b");
        Until(() => Owned(again) == 2, first, again, third);
        Assert.Equal(owned, again.Owned);
        load.Send(1000);
        Until(() => Seen(first, second, third, again).Count == load.Sent, first, second, third, again);
        Assert.Equal(before, (first.Rebalances, third.Rebalances));
        first.Leave();
        again.Leave();
        third.Leave();
        AssertNeverWentBack(watch, load.Sent);
    }

    [BrokerFact(Need.ConfluentPython, Apis = [Api.Produce, Api.Fetch, Api.ListOffsets, Api.JoinGroup])]
    public void The_group_and_its_offsets_outlive_a_kill_of_the_broker()
    {
        using var broker = StartBroker();
        var load = new Load(broker, "six");
        using var watch = Watch(broker, "six", "group");
        using var first = new Member(broker.Bootstrap, "six", "group", "range");
        using var second = new Member(broker.Bootstrap, "six", "group", "range");
        Until(() => Owned(first) == 3 && Owned(second) == 3, first, second);
        load.Send(1000);
        Until(() => Seen(first, second).Count == load.Sent, first, second);

        for (var kill = 0; kill < 2; kill++)
        {
            broker.Kill();
            broker.Start();
            load.Send(1000);
            Until(() => Seen(first, second).Count == load.Sent, first, second);
        }

        Until(() => Owned(first) == 3 && Owned(second) == 3, first, second);
        first.Leave();
        second.Leave();
        AssertNeverWentBack(watch, load.Sent);
    }

    private static BrokerProcess StartBroker() => BrokerProcess.Start(new Dictionary<string, string>
    {
        ["num.partitions"] = $"{Partitions}",
        ["group.min.session.timeout.ms"] = "1000",
    });

    private static Child Watch(BrokerProcess broker, string topic, string group)
    {
        var watch = Child.Start("/usr/bin/python3",
            [Checkout.At("tests/Barnabas.Conformance/clients/python/watch_offsets.py"), broker.Bootstrap, topic, group, $"{Partitions}"]);
        Until(() => watch.Output.Contains("watching", StringComparison.Ordinal) || watch.HasExited);
        return watch;
    }

    private static int Owned(Member member) => member.Owned?.Length ?? 0;

    private static HashSet<int> Seen(params Member[] members) => [.. members.SelectMany(member => member.Values)];

    private static void AssertDisjoint(params Member[] members) =>
        Assert.Equal(Enumerable.Range(0, Partitions), members.SelectMany(member => member.Owned!).Order());

    private static void AssertNeverWentBack(Child watch, int sent)
    {
        Until(() => watch.Output.Contains("watched", StringComparison.Ordinal) || watch.HasExited);
        watch.EndInput();
        Assert.True(watch.WaitForExit(Limit) == 0, watch.Errors);
        var numbers = watch.Output.Trim().Split('\n')[^1].Split(' ').Select(int.Parse).ToArray();
        Assert.True(numbers[0] > 10, $"asked only {numbers[0]} times");
        Assert.Equal(sent, numbers[1..].Sum());
    }

    private static void Until(Func<bool> seen, params Member[] members)
    {
        var watch = Stopwatch.StartNew();
        while (!seen())
        {
            Assert.True(watch.Elapsed < Limit, string.Join("\n", members.Select(member => member.ToString())));
            Thread.Sleep(50);
        }
    }

    /// <summary>Numbers as records, spread over the partitions by librdkafka's partitioner.</summary>
    private sealed class Load
    {
        private readonly BrokerProcess broker;
        private readonly string topic;

        public Load(BrokerProcess broker, string topic)
        {
            this.broker = broker;
            this.topic = topic;
            Send(1000);
        }

        public int Sent { get; private set; }

        public void Send(int count)
        {
            var lines = string.Concat(Enumerable.Range(Sent, count).Select(number => $"{number}:{number}\n"));
            Kcat.Produce(broker, topic, Encoding.ASCII.GetBytes(lines), "-K", ":", "-X", "acks=all").Succeeded();
            Sent += count;
        }
    }
}
