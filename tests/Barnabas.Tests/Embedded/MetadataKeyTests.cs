using Barnabas.Shared;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.Embedded;

/// <summary>Keys of the metadata log, and what its directory then shows; time is the test's.</summary>
public sealed class MetadataKeyTests
{
    private const string Keeps = "metadata.max.retention.ms=-1 metadata.max.retention.bytes=-1 ";

    [Fact]
    [ConfigKey("metadata.log.max.record.bytes.between.snapshots")]
    public async Task A_snapshot_is_taken_after_so_many_bytes()
    {
        await using var broker = await KeyBroker.Start(
            Keeps + "metadata.log.max.record.bytes.between.snapshots=3000 metadata.log.max.snapshot.interval.ms=0");
        var before = Snapshots(broker);
        for (var i = 0; Snapshots(broker) == before; i++)
        {
            Assert.True(i < 1000);
            broker.Create($"t{i}");
        }
    }

    [Fact]
    [ConfigKey("metadata.log.max.snapshot.interval.ms")]
    public async Task A_snapshot_is_taken_after_so_long()
    {
        await using var broker = await KeyBroker.Start(Keeps + "metadata.log.max.snapshot.interval.ms=36000000");
        var before = Snapshots(broker);
        broker.Create("t");
        var passed = await broker.Passes(() => Snapshots(broker) > before, TimeSpan.FromMinutes(1));
        Assert.True(passed > TimeSpan.FromHours(9), $"after {passed}");
    }

    [Theory]
    [InlineData("metadata.max.retention.bytes=1 metadata.max.retention.ms=-1", 1)]
    [InlineData("metadata.max.retention.bytes=-1 metadata.max.retention.ms=1", 1)]
    [InlineData("metadata.max.retention.bytes=-1 metadata.max.retention.ms=-1", 4)]
    [ConfigKey("metadata.max.retention.bytes")]
    [ConfigKey("metadata.max.retention.ms")]
    public async Task Older_snapshots_go_where_that_is_wanted(string settings, int kept)
    {
        await using var broker = await KeyBroker.Start(settings + " metadata.log.max.record.bytes.between.snapshots=1");
        broker.Time.Advance(TimeSpan.FromDays(40_000)); // behind the files, whose time is the machine's
        for (var i = 0; i < 4; i++)
        {
            var newest = Newest(broker);
            broker.Create($"t{i}");
            await TestServer.Until(() => Newest(broker) != newest);
        }

        await TestServer.Until(() => kept == 1 ? Snapshots(broker) == 1 : Snapshots(broker) >= kept);
    }

    [Fact]
    [ConfigKey("metadata.log.segment.ms")]
    public async Task The_log_begins_a_segment_at_an_age()
    {
        await using var broker = await KeyBroker.Start("metadata.log.segment.ms=1000");
        broker.Create("t");
        var before = broker.Files("__cluster_metadata-0", "*.log").Length;
        broker.Create("u");
        Assert.Equal(before, broker.Files("__cluster_metadata-0", "*.log").Length);
        broker.Time.Advance(TimeSpan.FromMilliseconds(1001));
        broker.Create("v");
        Assert.Equal(before + 1, broker.Files("__cluster_metadata-0", "*.log").Length);
    }

    private static int Snapshots(KeyBroker broker) => broker.Files("__cluster_metadata-0", "*.checkpoint").Length;

    private static string Newest(KeyBroker broker) => broker.Files("__cluster_metadata-0", "*.checkpoint").Max(f => f.Name) ?? "";
}
