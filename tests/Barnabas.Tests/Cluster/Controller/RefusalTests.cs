using Barnabas.Base;
using Barnabas.Broker.Worlds;
using Barnabas.Cluster.Controller;
using Barnabas.Messages;

namespace Barnabas.Tests.Cluster.Controller;

/// <summary>What is refused, with the codes and words that Kafka 4.3.1 answered to the same requests.</summary>
public sealed class RefusalTests : IDisposable
{
    private readonly QuorumBench _bench = new() { Disk = new CrashingDisk(new FileDisk()) };

    public RefusalTests()
    {
        _bench.Format().Start();
        _bench.Register();
        _bench.Create("a.b", 2);
    }

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData("a.b", 1, 1, 36, "Topic 'a.b' already exists.")]
    [InlineData("a_b", 1, 1, 17, "Topic 'a_b' collides with existing topic: a.b")]
    [InlineData("", 1, 1, 17, "Topic name is invalid: the empty string is not allowed")]
    [InlineData("..", 1, 1, 17, "Topic name is invalid: '..' is not allowed")]
    [InlineData("__cluster_metadata", 1, 1, 42, "Creation of internal topic __cluster_metadata is prohibited.")]
    [InlineData("t", 0, 1, 37, "Number of partitions was set to an invalid non-positive value.")]
    [InlineData("t", 1, 0, 38, "Replication factor must be larger than 0, or -1 to use the default value.")]
    [InlineData("t", 10001, 1, 44, "Excessively large number of partitions per request.")]
    public void Topics(string name, int partitions, short factor, short code, string message)
    {
        var end = _bench.Image.EndOffset;
        var request = new CreateTopicsRequest { Topics = [new() { Name = name, NumPartitions = partitions, ReplicationFactor = factor }] };
        var result = _bench.Ask((machine, decision) => TopicCreation.Decide(machine, request, decision)).Topics[0];
        Assert.Equal(((ErrorCode)code, message), (result.ErrorCode, result.ErrorMessage));
        Assert.Equal(end, _bench.Image.EndOffset);
    }

    [Theory]
    [InlineData("0:", "The manual partition assignment includes an empty replica list.")]
    [InlineData("0:1,1", "The manual partition assignment includes the broker 1 more than once.")]
    [InlineData("0:9", "The manual partition assignment includes broker 9, but no such broker is registered.")]
    [InlineData("0:1 0:1", "Found multiple manual partition assignments for partition 0")]
    [InlineData("0:1 2:1", "partitions should be a consecutive 0-based integer sequence")]
    public void Assignments(string assignments, string message)
    {
        var topic = new CreateTopicsRequest.CreatableTopic { Name = "t", NumPartitions = -1, ReplicationFactor = -1 };
        foreach (var part in assignments.Split(' '))
        {
            var (partition, brokers) = (part.Split(':')[0], part.Split(':')[1]);
            topic.Assignments.Add(new()
            {
                PartitionIndex = int.Parse(partition),
                BrokerIds = [.. brokers.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)],
            });
        }

        var request = new CreateTopicsRequest { Topics = [topic] };
        var result = _bench.Ask((machine, decision) => TopicCreation.Decide(machine, request, decision)).Topics[0];
        Assert.Equal((ErrorCode.InvalidReplicaAssignment, message), (result.ErrorCode, result.ErrorMessage));
    }

    [Theory]
    [InlineData("nope", 1, 1, "Invalid update version 1 for feature nope. Local controller 1 does not support this feature.")]
    [InlineData(
        "metadata.version", 31, 1,
        "Invalid update version 31 for feature metadata.version. Local controller 1 only supports versions 7-30")]
    [InlineData(
        "metadata.version", 29, 2,
        "Unsupported metadata.version downgrade from 30 to 29. Refusing to perform the requested downgrade because "
        + "it might delete metadata information.")]
    [InlineData("group.version", -1, 2, "Invalid update version -1 for feature group.version. A feature version cannot be less than 0.")]
    [InlineData(
        "group.version", 0, 9,
        "Invalid update version 0 for feature group.version. The controller does not support the given upgrade type.")]
    public void Features(string feature, short level, sbyte type, string message)
    {
        var update = new UpdateFeaturesRequest.FeatureUpdateKey { Feature = feature, MaxVersionLevel = level, UpgradeType = type };
        var request = new UpdateFeaturesRequest { FeatureUpdates = [update] };
        var response = _bench.Ask((machine, decision) => FeatureUpdates.Decide(machine, request, 2, 1, decision));
        Assert.Equal(ErrorCode.InvalidUpdateVersion, response.ErrorCode);
        Assert.Equal("The update failed for all features since the following feature had an error: " + message, response.ErrorMessage);
    }

    [Fact]
    public void Duplicates_are_answered_once_and_validation_alone_changes_nothing()
    {
        var twice = QuorumBench.Creation("t");
        twice.Topics.Add(twice.Topics[0]);
        var results = _bench.Ask((machine, decision) => TopicCreation.Decide(machine, twice, decision)).Topics;
        Assert.Equal("Duplicate topic name.", Assert.Single(results).ErrorMessage);

        var trial = QuorumBench.Creation("t");
        trial.ValidateOnly = true;
        Assert.Equal(ErrorCode.None, _bench.Ask((machine, decision) => TopicCreation.Decide(machine, trial, decision)).Topics[0].ErrorCode);
        Assert.Null(_bench.Image.Topics.Find("t"));
    }

    [Fact]
    public void Topics_are_deleted_by_id_and_not_at_all_where_that_is_forbidden()
    {
        var id = _bench.Image.Topics.Find("a.b")!.Id;
        var request = new DeleteTopicsRequest
        {
            Topics = [new() { Name = null, TopicId = id }, new() { Name = null, TopicId = new Uuid(1, 1) }],
        };
        _bench.Driver.Submit<object>((machine, _) => machine.Settings = machine.Settings with { CanDeleteTopics = false }, (_, _) => { });
        var refused = _bench.Ask((machine, decision) => TopicDeletion.Decide(machine, request, 6, decision)).Responses;
        Assert.All(refused, result => Assert.Equal(ErrorCode.TopicDeletionDisabled, result.ErrorCode));

        _bench.Driver.Submit<object>((machine, _) => machine.Settings = machine.Settings with { CanDeleteTopics = true }, (_, _) => { });
        var results = _bench.Ask((machine, decision) => TopicDeletion.Decide(machine, request, 6, decision)).Responses;
        Assert.Equal([ErrorCode.None, ErrorCode.UnknownTopicId], results.Select(result => result.ErrorCode));
        Assert.Equal("a.b", results[0].Name);
        Assert.Equal(0, _bench.Image.Topics.Count);
    }
}
