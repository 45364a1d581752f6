using Barnabas.Base;
using Barnabas.Broker.Quorum;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Raft;
using Barnabas.Messages;
using Xunit;

namespace Barnabas.Tests.Cluster.Controller;

public sealed class QuorumDriverTests : IDisposable
{
    private readonly QuorumBench _bench = new QuorumBench().Format();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_formatted_directory_begins_with_its_first_epoch_and_the_levels_that_are_implemented()
    {
        _bench.Start();
        Assert.Equal(30, _bench.Image.Features.MetadataVersion.Level);
        Assert.Equal(
            ["group.version", "metadata.version", "transaction.version"], _bench.Image.Features.All.Select(feature => feature.Name));
        Assert.Equal((1, 1), (_bench.Driver.Status.LeaderId, _bench.Driver.Status.LeaderEpoch));
        Assert.Equal(_bench.Driver.Status.EndOffset, _bench.Driver.Status.HighWatermark);
        Assert.Equal(
            "{\"leaderId\":1,\"leaderEpoch\":1,\"votedId\":-1,\"votedDirectoryId\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"data_version\":1}",
            File.ReadAllText(Path.Join(_bench.MetadataDirectory, "quorum-state")));
    }

    [Fact]
    public void What_was_answered_is_there_after_a_crash_and_each_start_is_an_epoch()
    {
        _bench.Start();
        _bench.Register();
        Assert.Equal(ErrorCode.None, _bench.Create("a", 3, ("retention.ms", "5")).ErrorCode);
        var before = _bench.Fingerprint();
        _bench.Start();
        Assert.Equal(before, _bench.Fingerprint());
        Assert.Equal(2, _bench.Driver.Status.LeaderEpoch);
        Assert.Equal("5", _bench.Image.Configs.Find(new ConfigResource(ConfigKind.Topic, "a"), "retention.ms"));
        _bench.Stop();
        _bench.Start();
        Assert.Equal(before, _bench.Fingerprint());
        Assert.Equal(3, _bench.Driver.Status.LeaderEpoch);
    }

    [Fact]
    public void An_answer_waits_for_the_sync_and_the_published_image_has_what_it_says()
    {
        _bench.Start();
        _bench.Register();
        var answered = false;
        _bench.Driver.Submit(
            (machine, decision) => TopicCreation.Decide(machine, Request("a"), decision),
            (_, _) =>
            {
                answered = true;
                Assert.NotNull(_bench.Image.Topics.Find("a"));
            });
        Assert.True(_bench.Host.Step());
        Assert.False(answered);
        Assert.Null(_bench.Image.Topics.Find("a"));
        _bench.Host.Pump();
        Assert.True(answered);
    }

    [Fact]
    public void Who_does_not_wait_for_the_sync_is_told_so_once_and_what_was_decided_holds()
    {
        _bench.Start();
        _bench.Register();
        var ends = new List<ErrorCode>();
        _bench.Driver.Submit(
            (machine, decision) => TopicCreation.Decide(machine, Request("a"), decision), (error, _) => ends.Add(error), timeoutMs: 100);
        Assert.True(_bench.Host.Step());
        _bench.Host.WallMs += 99;
        _bench.Driver.Loop.Tick();
        RunMetadataOnly();
        Assert.Empty(ends);
        _bench.Host.WallMs += 1;
        _bench.Driver.Loop.Tick();
        RunMetadataOnly();
        Assert.Equal([ErrorCode.RequestTimedOut], ends);
        _bench.Host.Pump();
        Assert.NotNull(_bench.Image.Topics.Find("a"));
        _bench.Driver.Submit(
            (machine, decision) => TopicCreation.Decide(machine, Request("b"), decision), (error, _) => ends.Add(error), timeoutMs: 100);
        _bench.Host.Pump();
        _bench.Host.Advance(100);
        _bench.Driver.Submit(
            (machine, decision) => TopicCreation.Decide(machine, Request("c"), decision), (error, _) => ends.Add(error), timeoutMs: 0);
        _bench.Host.Pump();
        Assert.Equal([ErrorCode.RequestTimedOut, ErrorCode.None, ErrorCode.RequestTimedOut], ends);
        Assert.Null(_bench.Image.Topics.Find("c"));

        void RunMetadataOnly() => _bench.Host.Run(_bench.Driver.Loop);
    }

    [Fact]
    public void A_clean_stop_keeps_leader_epochs_and_a_crash_begins_new_ones()
    {
        _bench.Start();
        var first = _bench.Register();
        _bench.Create("a", 2);
        _bench.Stop();
        _bench.Start();
        var second = _bench.Register(previousEpoch: first);
        Assert.True(second > first);
        Assert.Equal([0, 0], _bench.Image.Topics.Find("a")!.Partitions.Select(partition => partition.LeaderEpoch));

        _bench.Start();
        _bench.Register(previousEpoch: -1);
        Assert.Equal([1, 1], _bench.Image.Topics.Find("a")!.Partitions.Select(partition => partition.LeaderEpoch));
        Assert.True(_bench.Image.IsActive(QuorumBench.NodeId));
    }

    [Fact]
    public void A_new_controller_address_goes_into_the_voter_set()
    {
        _bench.Start();
        _bench.Self = _bench.Self with { Endpoints = [new VoterEndpoint("CONTROLLER", "127.0.0.1", 9999)] };
        _bench.Start();
        Assert.Equal(9999, _bench.Driver.Status.Voters.Voters[0].Endpoints[0].Port);
        var end = _bench.Driver.Status.EndOffset;
        _bench.Start();
        Assert.Equal(9999, _bench.Driver.Status.Voters.Voters[0].Endpoints[0].Port);
        Assert.Equal(end + 1, _bench.Driver.Status.EndOffset);
    }

    [Fact]
    public void A_directory_of_another_voter_is_refused_by_name()
    {
        _bench.Start();
        _bench.Self = _bench.Self with { Key = new ReplicaKey(1, new Uuid(5, 5)) };
        var error = Assert.Throws<QuorumException>(() => _bench.Start());
        Assert.Contains("is not a voter", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_disk_answers_what_waits_and_is_told()
    {
        _bench.Start();
        _bench.Register();
        var ends = new List<ErrorCode>();
        _bench.Driver.Submit((machine, decision) => TopicCreation.Decide(machine, Request("a"), decision), (error, _) => ends.Add(error));
        _bench.Host.Step();
        _bench.Driver.Guard(() => throw new IOException("no disk"));
        _bench.Host.Pump();
        _bench.Driver.Submit((machine, decision) => TopicCreation.Decide(machine, Request("b"), decision), (error, _) => ends.Add(error));
        _bench.Host.Pump();
        Assert.Equal([ErrorCode.NotController, ErrorCode.NotController], ends);
        Assert.Equal("no disk", Assert.Single(_bench.Failures).Message);
    }

    private static CreateTopicsRequest Request(string name) =>
        new() { Topics = [new() { Name = name, NumPartitions = 1, ReplicationFactor = 1 }] };
}
