using Barnabas.Base;
using Barnabas.Messages;
using Barnabas.Shared;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.Handlers.Partitions;

/// <summary>DescribeLogDirs over a whole node. What is expected is what Apache Kafka 4.3.1 answered.</summary>
public sealed class DescribeLogDirsTests : IAsyncLifetime
{
    private TestNode _node = null!;
    private TestClient _client = null!;

    public async Task InitializeAsync()
    {
        _node = await TestNode.Start();
        _node.CreateTopic("t", partitions: 2);
        _node.CreateTopic("u");
        _client = _node.Connect();
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _node.DisposeAsync();
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5)]
    public void Every_version_shows_sizes_and_space(short version)
    {
        var batch = PartitionServer.Batch("a", "b");
        _client.Produce("t", 0, batch);
        _client.Produce("t", 0, batch);
        var result = Describe(version, ("t", [1, 9, 0, 0]), ("nope", [0]));
        Assert.Equal((ErrorCode.None, _node.Data), (result.ErrorCode, result.LogDir));
        var topic = Assert.Single(result.Topics);
        Assert.Equal(
            [(0, batch.Length * 2L, 0L, false), (1, 0L, 0L, false)],
            topic.Partitions.Select(p => (p.PartitionIndex, p.PartitionSize, p.OffsetLag, p.IsFutureKey)));
        Assert.Equal(version >= 4, result.TotalBytes > 0 && result.UsableBytes > 0 && result.UsableBytes <= result.TotalBytes);
        Assert.Equal(version < 4, result.TotalBytes == -1);
        Assert.False(result.IsCordoned);
    }

    [Fact]
    public void No_topics_are_none_and_null_is_all_without_the_metadata()
    {
        Assert.Empty(Describe(5).Topics);
        Assert.Empty(Describe(5, ("t", [])).Topics);
        Assert.Empty(Describe(5, ("__cluster_metadata", [0])).Topics);
        var all = _client.Call<DescribeLogDirsResponse>(new DescribeLogDirsRequest { Topics = null }, 5).Results.Single();
        Assert.Equal(["t", "u"], all.Topics.Select(t => t.Name));
    }

    [Theory]
    [InlineData("*"), InlineData(null)]
    [ConfigKey("cordoned.log.dirs")]
    public void A_cordoned_directory_is_shown_as_such(string? directories)
    {
        _node.Set(4, "1", "cordoned.log.dirs", directories ?? _node.Data);
        Assert.True(Describe(5).IsCordoned);
    }

    private DescribeLogDirsResponse.DescribeLogDirsResult Describe(short version, params (string Topic, int[] Partitions)[] topics) =>
        Assert.Single(_client.Call<DescribeLogDirsResponse>(
            new DescribeLogDirsRequest
            {
                Topics = [.. topics.Select(t => new DescribeLogDirsRequest.DescribableLogDirTopic
                {
                    Topic = t.Topic, Partitions = [.. t.Partitions],
                })],
            },
            version).Results);
}
