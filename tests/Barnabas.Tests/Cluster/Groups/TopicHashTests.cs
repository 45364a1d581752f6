using System.IO.Hashing;
using Barnabas.Base;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Metadata;
using Xunit;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>The hash of topics is what Kafka's own classes gave for the same.</summary>
public sealed class TopicHashTests
{
    private static readonly Uuid Id = Uuid.TryParse("wkVDc7ceSdqzwhWC8PfZiw", out var id) ? id : default;

    [Theory]
    [InlineData(0, 3244421341483603138)]
    [InlineData(1, 1433843135270481901)]
    [InlineData(3, -6266602912829716452)]
    [InlineData(4, 7895465118229274323)]
    [InlineData(8, 6941064856527638883)]
    [InlineData(9, -72226354546400344)]
    [InlineData(16, -5131753158909839995)]
    [InlineData(17, 8163341949877205007)]
    [InlineData(100, -5362810412169982817)]
    [InlineData(128, 7440608504995537343)]
    [InlineData(129, -4150982730466284604)]
    [InlineData(200, 8389308914288017243)]
    [InlineData(240, 7229805477010515663)]
    [InlineData(241, -8364630114420064745)]
    [InlineData(300, -172648679454408153)]
    [InlineData(512, -756038794506822371)]
    [InlineData(600, 2361854414178546019)]
    public void Bytes_of_every_length_class_have_the_hash_of_XXH3(int length, long hash)
    {
        var bytes = Enumerable.Range(0, length).Select(i => (byte)((i * 7) + 3)).ToArray();
        Assert.Equal(hash, (long)XxHash3.HashToUInt64(bytes));
    }

    [Fact]
    public void Topics_have_the_hash_of_Kafka()
    {
        Assert.Equal(6053656500418830819, Hash([]));
        Assert.Equal(-8586645404015546104, Hash([[]]));
        Assert.Equal(-5044369481761143819, Hash([["r0"]]));
        Assert.Equal(3820264013872518484, Hash([["r0", "r1"]]));
        Assert.Equal(-5132563227326358211, Hash([["r0", "r1"], ["rack2"]]));
    }

    [Fact]
    public void A_group_has_the_hash_that_stands_in_a_record_of_Kafka()
    {
        var image = MetadataImage.Empty with
        {
            Brokers = MetadataImage.Empty.Brokers.Set(1, new BrokerImage
            {
                Id = 1, Epoch = 1, IncarnationId = Uuid.Zero, Endpoints = [], Features = [], Rack = "r0",
            }),
        };
        Assert.Equal(-3075099068895371508, TopicHash.OfGroup([Topic(4)], image));
        Assert.Equal(0, TopicHash.OfGroup([], image));
    }

    private static long Hash(string[][] racks) => TopicHash.OfTopic(Topic(racks.Length), partition => racks[partition]);

    private static TopicImage Topic(int partitions) => new("a", Id, [.. Enumerable.Range(0, partitions).Select(_ => new PartitionImage
    {
        Replicas = [1], Directories = [Uuid.Zero], Isr = [1], Leader = 1, LeaderEpoch = 0, PartitionEpoch = 0,
    })]);
}
