using System.Diagnostics;
using Barnabas.Base;
using Barnabas.Messages;
using Barnabas.Shared;
using Barnabas.Tests.Handlers;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.Embedded;

/// <summary>Keys of segments, their files and their flushes, and what the directory then shows; time is the test's.</summary>
public sealed class SegmentKeyTests
{
    private static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan OneMinute = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData("log.roll.hours=2", "", 7200)]
    [InlineData("log.roll.hours=2 log.roll.ms=6000000", "", 6000)]
    [InlineData("log.roll.ms=6000000", "segment.ms=5000", 5)]
    [ConfigKey("log.roll.hours")]
    [ConfigKey("log.roll.ms")]
    [ConfigKey("segment.ms")]
    public async Task A_segment_is_closed_at_its_age(string ofBroker, string ofTopic, int ageSeconds)
    {
        await using var broker = await KeyBroker.Start(ofBroker);
        broker.Create("t", ofTopic);
        broker.Produce("t");
        broker.Time.Advance(TimeSpan.FromSeconds(ageSeconds));
        broker.Produce("t");
        Assert.Single(broker.Files("t-0", "*.log"));
        broker.Time.Advance(TimeSpan.FromMilliseconds(1));
        broker.Produce("t");
        Assert.Equal(2, broker.Files("t-0", "*.log").Length);
    }

    [Theory]
    [InlineData("log.roll.jitter.hours=1", "")]
    [InlineData("log.roll.jitter.hours=0 log.roll.jitter.ms=3600000", "")]
    [InlineData("", "segment.jitter.ms=3600000")]
    [ConfigKey("log.roll.jitter.hours")]
    [ConfigKey("log.roll.jitter.ms")]
    [ConfigKey("segment.jitter.ms")]
    public async Task Jitter_spreads_the_age(string ofBroker, string ofTopic)
    {
        await using var broker = await KeyBroker.Start("log.roll.hours=2 " + ofBroker);
        Assert.InRange(RolledAfter90Minutes(broker, "t", ofTopic), 1, 39);
        Assert.Equal(0, RolledAfter90Minutes(broker, "u", "segment.jitter.ms=0"));
    }

    [Theory]
    [InlineData("log.index.interval.bytes=0", "", 19)]
    [InlineData("", "index.interval.bytes=0", 19)]
    [InlineData("", "", 0)]
    [ConfigKey("log.index.interval.bytes")]
    [ConfigKey("index.interval.bytes")]
    public async Task The_index_has_an_entry_for_so_many_bytes(string ofBroker, string ofTopic, int entries)
    {
        await using var broker = await KeyBroker.Start(ofBroker);
        broker.Create("t", ofTopic);
        for (var i = 0; i < 20; i++)
        {
            broker.Produce("t");
        }

        await broker.Stop();
        Assert.Equal(entries * 8, broker.Files("t-0", "*.index").Single().Length);
    }

    [Theory]
    [InlineData("log.index.size.max.bytes=96", "")]
    [InlineData("", "segment.index.bytes=96")]
    [ConfigKey("log.index.size.max.bytes")]
    [ConfigKey("segment.index.bytes")]
    public async Task A_segment_is_closed_when_its_index_is_full(string ofBroker, string ofTopic)
    {
        await using var broker = await KeyBroker.Start(ofBroker);
        broker.Create("t", ofTopic + " index.interval.bytes=0");
        for (var i = 0; i < 40; i++)
        {
            broker.Time.Advance(OneSecond);
            broker.Produce("t");
        }

        Assert.InRange(broker.Files("t-0", "*.log").Length, 4, 10);
        await broker.Stop();
        Assert.All(broker.Files("t-0", "*index"), index => Assert.InRange(index.Length, 0, 96));
    }

    [Theory]
    [InlineData("log.preallocate=true", "")]
    [InlineData("", "preallocate=true")]
    [ConfigKey("log.preallocate")]
    [ConfigKey("preallocate")]
    public async Task Space_for_a_segment_is_taken_at_once_and_what_is_left_given_back(string ofBroker, string ofTopic)
    {
        await using var broker = await KeyBroker.Start(ofBroker);
        broker.Create("t", ofTopic + " segment.bytes=2097152");
        broker.Create("u", "preallocate=false");
        broker.Produce("t");
        broker.Produce("u");
        Assert.InRange(AllocatedBytes("t"), 2097152, 2097152 + 65536);
        Assert.InRange(AllocatedBytes("u"), 0, 65536);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(ErrorCode.None, broker.Produce("t", valueBytes: 900_000).ErrorCode);
        }

        Assert.Equal(2, broker.Files("t-0", "*.log").Length);
        Assert.InRange(AllocatedBytes("t"), 1_800_000, 2_000_000);
        await broker.Stop();
        Assert.InRange(AllocatedBytes("t", index: 1), 900_000, 1_000_000);

        long AllocatedBytes(string topic, int index = 0)
        {
            var path = broker.Files($"{topic}-0", "*.log").OrderBy(f => f.Name).ElementAt(index).FullName;
            using var stat = Process.Start(new ProcessStartInfo("stat", ["-c", "%b %B", path]) { RedirectStandardOutput = true })!;
            var words = stat.StandardOutput.ReadToEnd().Split(' ');
            return long.Parse(words[0]) * long.Parse(words[1]);
        }
    }

    [Theory]
    [InlineData("log.flush.interval.messages=3", "")]
    [InlineData("", "flush.messages=3")]
    [ConfigKey("log.flush.interval.messages")]
    [ConfigKey("flush.messages")]
    [ConfigKey("log.flush.offset.checkpoint.interval.ms")]
    public async Task So_many_records_are_flushed(string ofBroker, string ofTopic)
    {
        await using var broker = await KeyBroker.Start(ofBroker + " log.flush.offset.checkpoint.interval.ms=7200000");
        broker.Create("t", ofTopic);
        broker.Create("u", "flush.messages=1");
        broker.Produce("t");
        broker.Produce("t");
        broker.Produce("u");
        var passed = await broker.Passes(() => RecoveryPoint(broker, "u") == 1, OneMinute);
        Assert.Equal(0, RecoveryPoint(broker, "t"));
        Assert.True(passed > TimeSpan.FromHours(1.9), $"after {passed}");
        broker.Produce("t");
        await broker.Passes(() => RecoveryPoint(broker, "t") == 3, OneMinute);
    }

    [Theory]
    [InlineData("log.flush.interval.ms=7200000", "")]
    [InlineData("log.flush.scheduler.interval.ms=7200000", "")]
    [InlineData("log.flush.interval.ms=1", "flush.ms=7200000")]
    [ConfigKey("log.flush.interval.ms")]
    [ConfigKey("log.flush.scheduler.interval.ms")]
    [ConfigKey("flush.ms")]
    public async Task Records_are_flushed_after_so_long(string ofBroker, string ofTopic)
    {
        await using var broker = await KeyBroker.Start(ofBroker + " log.flush.offset.checkpoint.interval.ms=1000");
        broker.Create("t", ofTopic);
        broker.Create("never", $"flush.ms={long.MaxValue}");
        broker.Produce("t");
        broker.Produce("never");
        var passed = await broker.Passes(() => RecoveryPoint(broker, "t") == 1, OneMinute);
        Assert.True(passed > TimeSpan.FromHours(1.9), $"after {passed}");
        Assert.Equal(0, RecoveryPoint(broker, "never"));
    }

    [Fact]
    [ConfigKey("barnabas.flush.on.ack")]
    public async Task An_acknowledged_record_is_on_the_disk()
    {
        await using var broker = await KeyBroker.Start("log.flush.offset.checkpoint.interval.ms=1000 barnabas.flush.on.ack=true");
        broker.Create("t");
        broker.Create("u", "barnabas.flush.on.ack=false");
        broker.Produce("u");
        broker.Produce("t");
        await broker.Passes(() => RecoveryPoint(broker, "t") == 1, OneSecond);
        Assert.Equal(0, RecoveryPoint(broker, "u"));
    }

    [Theory]
    [InlineData("barnabas.flush.on.ack=true")]
    [InlineData("log.flush.interval.messages=1")]
    public async Task What_was_acknowledged_is_read_at_once_after_a_kill(string settings)
    {
        await using var broker = await KeyBroker.Start(settings);
        broker.Create("t");
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(ErrorCode.None, broker.Produce("t").ErrorCode);
        }

        // What a kill leaves: no checkpoint says yet what is flushed or committed.
        await using var killed = await KeyBroker.Start(settings, copyOf: broker);
        var request = PartitionServer.Fetch(maxWaitMs: 60_000, (0, 0));
        var partition = killed.Client.Call<FetchResponse>(request, 12).Responses[0].Partitions[0];
        Assert.Equal((ErrorCode.None, 3L), (partition.ErrorCode, partition.HighWatermark));
    }

    [Fact]
    [ConfigKey("log.flush.start.offset.checkpoint.interval.ms")]
    public async Task Log_starts_are_written_as_often_as_told()
    {
        await using var broker = await KeyBroker.Start("log.flush.start.offset.checkpoint.interval.ms=7200000");
        broker.Create("t");
        broker.Produce("t");
        broker.Produce("t");
        Delete(broker, "t", 1);
        var passed = await broker.Passes(() => broker.Checkpoint("log-start-offset-checkpoint", "t") == 1, OneMinute);
        Assert.True(passed > TimeSpan.FromHours(1.9), $"after {passed}");
    }

    [Fact]
    [ConfigKey("replica.high.watermark.checkpoint.interval.ms")]
    public async Task High_watermarks_are_written_as_often_as_told()
    {
        await using var broker = await KeyBroker.Start("replica.high.watermark.checkpoint.interval.ms=7200000");
        broker.Create("t");
        broker.Produce("t");
        var passed = await broker.Passes(() => broker.Checkpoint("replication-offset-checkpoint", "t") == 1, OneMinute);
        Assert.True(passed > TimeSpan.FromHours(1.9), $"after {passed}");
    }

    private static void Delete(KeyBroker broker, string topic, long before)
    {
        var answer = broker.Client.Call<DeleteRecordsResponse>(
            new DeleteRecordsRequest
            {
                TimeoutMs = 30_000, Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = 0, Offset = before }] }],
            },
            2);
        Assert.Equal(ErrorCode.None, answer.Topics[0].Partitions[0].ErrorCode);
    }

    private static long RecoveryPoint(KeyBroker broker, string topic) => broker.Checkpoint("recovery-point-offset-checkpoint", topic);

    private static int RolledAfter90Minutes(KeyBroker broker, string topic, string settings)
    {
        broker.Create(topic, settings, partitions: 40);
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < 40; i++)
            {
                broker.Produce(topic, partition: i);
            }

            broker.Time.Advance(TimeSpan.FromMinutes(90));
        }

        return Enumerable.Range(0, 40).Count(i => broker.Files($"{topic}-{i}", "*.log").Length == 2);
    }
}
