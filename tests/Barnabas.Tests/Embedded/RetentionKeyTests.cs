using Barnabas.Base;
using Barnabas.Messages;
using Barnabas.Shared;
using Barnabas.Tests.Handlers;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.Embedded;

/// <summary>Keys of retention and of what it deletes, and what a client and the directory then show; time is the test's.</summary>
public sealed class RetentionKeyTests
{
    private static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData("log.retention.hours=2", "", 7200)]
    [InlineData("log.retention.hours=2 log.retention.minutes=90", "", 5400)]
    [InlineData("log.retention.hours=2 log.retention.minutes=90 log.retention.ms=6000000", "", 6000)]
    [InlineData("log.retention.ms=3000", "retention.ms=6000000", 6000)]
    [ConfigKey("log.retention.hours")]
    [ConfigKey("log.retention.minutes")]
    [ConfigKey("log.retention.ms")]
    [ConfigKey("retention.ms")]
    public async Task Records_are_kept_for_the_time_of_the_nearest_key(string ofBroker, string ofTopic, int keptSeconds)
    {
        await using var broker = await KeyBroker.Start(ofBroker + " log.initial.task.delay.ms=1000 log.retention.check.interval.ms=1000");
        broker.Create("kept", ofTopic);
        broker.Create("short", "retention.ms=1");
        broker.Produce("kept");
        broker.Produce("short");

        // The same look goes over both topics, by name.
        var passed = await broker.Passes(() => broker.Earliest("short") == 1, OneSecond, paceMs: 10);
        Assert.True(passed.TotalSeconds < keptSeconds, "the test's time has run away from the broker");
        Assert.Equal(0, broker.Earliest("kept"));
        passed += await broker.Passes(() => broker.Earliest("kept") == 1, TimeSpan.FromMinutes(1));
        Assert.True(passed.TotalSeconds > keptSeconds);
    }

    [Theory]
    [InlineData("log.retention.ms=-1", "")]
    [InlineData("log.retention.minutes=-1", "")]
    [InlineData("log.retention.hours=-1", "")]
    [InlineData("", "retention.ms=-1")]
    public async Task A_negative_time_keeps_records_for_ever(string ofBroker, string ofTopic)
    {
        await using var broker = await KeyBroker.Start(ofBroker + " log.initial.task.delay.ms=1000");
        broker.Create("kept", ofTopic);
        broker.Create("short", "retention.ms=1");
        broker.Produce("kept");
        broker.Produce("short");
        await broker.Passes(() => broker.Earliest("short") == 1, TimeSpan.FromDays(100));
        Assert.Equal(0, broker.Earliest("kept"));
    }

    [Theory]
    [InlineData("log.retention.bytes=1000", "", 1000)]
    [InlineData("", "retention.bytes=1000", 1000)]
    [InlineData("log.retention.bytes=1000", "retention.bytes=3000", 3000)]
    [ConfigKey("log.retention.bytes")]
    [ConfigKey("retention.bytes")]
    public async Task Records_are_kept_up_to_a_size(string ofBroker, string ofTopic, int keptBytes)
    {
        await using var broker = await KeyBroker.Start(ofBroker + " log.initial.task.delay.ms=1000");
        broker.Create("t", ofTopic + " internal.segment.bytes=300 retention.ms=-1 file.delete.delay.ms=0");
        for (var i = 0; i < 40; i++)
        {
            broker.Produce("t", valueBytes: 100);
        }

        await broker.Passes(() => broker.Earliest("t") > 0, OneSecond);
        var bytes = broker.Files("t-0", "*.log").Where(f => long.Parse(f.Name[..20]) >= broker.Earliest("t")).Sum(f => f.Length);
        Assert.InRange(bytes, keptBytes, keptBytes + 300);
    }

    [Fact]
    [ConfigKey("log.retention.check.interval.ms")]
    public async Task Retention_looks_as_often_as_it_is_told()
    {
        await using var broker = await KeyBroker.Start("log.initial.task.delay.ms=0 log.retention.check.interval.ms=36000000");
        broker.Create("t", "retention.ms=1");
        broker.Produce("t");
        await broker.Passes(() => broker.Earliest("t") == 1, TimeSpan.FromMinutes(1));
        broker.Produce("t");
        var passed = await broker.Passes(() => broker.Earliest("t") == 2, TimeSpan.FromMinutes(1));
        Assert.True(passed > TimeSpan.FromHours(9), $"after {passed}");
    }

    [Theory]
    [InlineData("log.segment.delete.delay.ms=36000000", "")]
    [InlineData("", "file.delete.delay.ms=36000000")]
    [ConfigKey("log.segment.delete.delay.ms")]
    [ConfigKey("file.delete.delay.ms")]
    public async Task Files_of_what_is_deleted_stay_for_a_while(string ofBroker, string ofTopic)
    {
        await using var broker = await KeyBroker.Start(ofBroker + " log.initial.task.delay.ms=1000");
        broker.Create("t", ofTopic + " retention.ms=1");
        broker.Produce("t");
        await broker.Passes(() => broker.Files("t-0", "*.log.deleted").Length == 1, OneSecond);
        var passed = await broker.Passes(() => broker.Files("t-0", "*.deleted").Length == 0, TimeSpan.FromMinutes(1));
        Assert.True(passed > TimeSpan.FromHours(9), $"after {passed}");

        var request = new DeleteTopicsRequest { TimeoutMs = 30_000, Topics = [new() { Name = "t" }] };
        Assert.Equal(ErrorCode.None, broker.Client.Call<DeleteTopicsResponse>(request, 6).Responses[0].ErrorCode);
        await TestServer.Until(() => broker.Directories("t-0.*-delete").Length == 1);
        passed = await broker.Passes(() => broker.Directories("t-0.*-delete").Length == 0, TimeSpan.FromMinutes(1));
        Assert.True(passed > TimeSpan.FromHours(9), $"after {passed}");
    }

    [Fact]
    [ConfigKey("producer.id.expiration.ms")]
    [ConfigKey("producer.id.expiration.check.interval.ms")]
    public async Task Silent_producers_are_forgotten()
    {
        await using var broker = await KeyBroker.Start("producer.id.expiration.ms=7200000 producer.id.expiration.check.interval.ms=1000");
        broker.Create("t");
        broker.Produce("t", options: new() { ProducerId = 7, ProducerEpoch = 0, BaseSequence = 0 });
        Assert.Equal(1, Producers());
        var passed = await broker.Passes(() => Producers() == 0, TimeSpan.FromMinutes(1));
        Assert.True(passed > TimeSpan.FromHours(1.9), $"after {passed}");

        int Producers() => broker.Client.Call<DescribeProducersResponse>(
            new DescribeProducersRequest { Topics = [new() { Name = "t", PartitionIndexes = [0] }] },
            0).Topics[0].Partitions[0].ActiveProducers.Count;
    }
}
