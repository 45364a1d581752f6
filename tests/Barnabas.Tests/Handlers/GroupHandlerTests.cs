using Barnabas.Base;
using Barnabas.Messages;
using Barnabas.Tests.Cluster.Groups;
using Barnabas.Tests.Network;
using Barnabas.Tests.Worlds;
using Xunit;

namespace Barnabas.Tests.Handlers;

/// <summary>Groups over sockets and logs: what the handlers add to the coordinators, and what a restart finds again.</summary>
public sealed class GroupHandlerTests
{
    [Fact]
    public async Task A_group_and_its_offsets_survive_a_crash()
    {
        using var folder = new TempFolder();
        string member;
        await using (var server = new GroupServer(folder.Path))
        {
            using var client = server.Connect();
            var first = Until(client, () => GroupBench.Request("g", sessionMs: 60_000), 9, (JoinGroupResponse r) => r.ErrorCode);
            Assert.Equal(ErrorCode.MemberIdRequired, first.ErrorCode);
            member = first.MemberId;
            Assert.StartsWith("test-", member, StringComparison.Ordinal);
            var joined = client.Call<JoinGroupResponse>(GroupBench.Request("g", member, sessionMs: 60_000), 9);
            Assert.Equal(1, joined.GenerationId);
            var sync = GroupBench.Assign("g", member, 1, (member, "work"));
            sync.ProtocolType = "consumer";
            sync.ProtocolName = "range";
            Assert.Equal("work"u8.ToArray(), client.Call<SyncGroupResponse>(sync, 5).Assignment);
            var committed = client.Call<OffsetCommitResponse>(Commit("g", member, 1, (0, 42)), 9);
            Assert.Equal(ErrorCode.None, committed.Topics[0].Partitions[0].ErrorCode);
            for (var i = 0; i < 2_000; i++)
            {
                client.Call<OffsetCommitResponse>(Commit("many" + (i % 7), "", -1, (i % 3, i)), 9);
            }
        }

        await using (var server = new GroupServer(folder.Path))
        {
            using var client = server.Connect();
            var beat = new HeartbeatRequest { GroupId = "g", MemberId = member, GenerationId = 1 };
            Until(client, () => new ListGroupsRequest(), 5, (ListGroupsResponse r) => r.ErrorCode);
            Assert.Equal(ErrorCode.None, client.Call<HeartbeatResponse>(beat, 4).ErrorCode);
            Assert.Equal(42, Fetch(client, "g", 0));
            Assert.Equal(1_999, Fetch(client, "many4", 1));
            var described = client.Call<DescribeGroupsResponse>(
                new DescribeGroupsRequest { Groups = ["g"], IncludeAuthorizedOperations = true }, 6).Groups[0];
            Assert.Equal(("Stable", 3400), (described.GroupState, described.AuthorizedOperations));
            Assert.Equal("/127.0.0.1", described.Members[0].ClientHost);
            Assert.Empty(server.Reports);
        }
    }

    [Fact]
    public async Task A_parked_join_holds_up_nobody_else_on_its_connection()
    {
        using var folder = new TempFolder();
        await using var server = new GroupServer(folder.Path);
        using var client = server.Connect();
        using var other = server.Connect();
        Until(client, () => new ListGroupsRequest(), 5, (ListGroupsResponse r) => r.ErrorCode);
        var a = client.Call<JoinGroupResponse>(GroupBench.Request("g", sessionMs: 60_000), 3);
        var work = GroupBench.Assign("g", a.MemberId, 1, (a.MemberId, "x"));
        Assert.Equal(ErrorCode.None, client.Call<SyncGroupResponse>(work, 3).ErrorCode);
        other.SendMessage(GroupBench.Request("g", sessionMs: 60_000), 3, 71);
        other.SendMessage(Commit("h", "", -1, (0, 7)), 9, 72);
        while (Fetch(client, "h", 0) != 7)
        {
            await Task.Yield();
        }

        client.SendMessage(GroupBench.Request("g", a.MemberId, sessionMs: 60_000), 3, 73);
        Assert.Equal(71, TestClient.CorrelationIdOf(other.Receive()));
        Assert.Equal(72, TestClient.CorrelationIdOf(other.Receive()));
        Assert.Equal(73, TestClient.CorrelationIdOf(client.Receive()));
    }

    [Fact]
    public async Task Whoever_waits_when_the_broker_stops_is_told_to_find_another()
    {
        using var folder = new TempFolder();
        await using var server = new GroupServer(folder.Path);
        using var client = server.Connect();
        using var other = server.Connect();
        Until(client, () => new ListGroupsRequest(), 5, (ListGroupsResponse r) => r.ErrorCode);
        var a = client.Call<JoinGroupResponse>(GroupBench.Request("g", sessionMs: 60_000), 3);
        client.Call<SyncGroupResponse>(GroupBench.Assign("g", a.MemberId, 1, (a.MemberId, "x")), 3);
        other.SendMessage(GroupBench.Request("g", sessionMs: 60_000), 3);
        while (client.Call<DescribeGroupsResponse>(new DescribeGroupsRequest { Groups = ["g"] }, 5).Groups[0].Members.Count < 2)
        {
            await Task.Yield();
        }

        server.Coordinators.Stop();
        Assert.Equal(ErrorCode.NotCoordinator, other.ReceiveMessage<JoinGroupResponse>(3).ErrorCode);
        Assert.Equal(
            ErrorCode.NotCoordinator,
            client.Call<HeartbeatResponse>(new HeartbeatRequest { GroupId = "g", MemberId = a.MemberId, GenerationId = 1 }, 3).ErrorCode);
    }

    [Fact]
    public async Task The_first_to_look_for_a_group_has_the_offsets_topic_made()
    {
        using var folder = new TempFolder();
        await using var server = new GroupServer(folder.Path, withOffsetsTopic: false);
        using var client = server.Connect();
        var many = client.Call<FindCoordinatorResponse>(new FindCoordinatorRequest { CoordinatorKeys = ["a", "b"] }, 6);
        Assert.All(
            many.Coordinators, c => Assert.Equal((ErrorCode.CoordinatorNotAvailable, -1, ""), (c.ErrorCode, c.NodeId, c.ErrorMessage)));
        var one = client.Call<FindCoordinatorResponse>(new FindCoordinatorRequest { Key = "a" }, 3);
        Assert.Equal((ErrorCode.CoordinatorNotAvailable, "The coordinator is not available."), (one.ErrorCode, one.ErrorMessage));
        Assert.Equal("__consumer_offsets", server.Created[0]);

        // Without a coordinator what can be judged is judged, and the rest is for another broker.
        Assert.Equal(ErrorCode.NotCoordinator, client.Call<HeartbeatResponse>(new HeartbeatRequest { GroupId = "g" }, 4).ErrorCode);
        Assert.Equal(ErrorCode.InvalidGroupId, client.Call<HeartbeatResponse>(new HeartbeatRequest(), 4).ErrorCode);
        Assert.Empty(client.Call<ListGroupsResponse>(new ListGroupsRequest(), 5).Groups);
        Assert.Equal(
            ErrorCode.NotCoordinator, client.Call<OffsetCommitResponse>(Commit("g", "", -1, (0, 1)), 9).Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(
            ErrorCode.NotCoordinator,
            client.Call<OffsetFetchResponse>(FetchOne("g", 0), 1).Topics[0].Partitions[0].ErrorCode);
    }

    [Fact]
    public async Task Coordinators_are_found_by_name_and_other_kinds_are_refused()
    {
        using var folder = new TempFolder();
        await using var server = new GroupServer(folder.Path);
        using var client = server.Connect();
        var found = client.Call<FindCoordinatorResponse>(new FindCoordinatorRequest { CoordinatorKeys = ["a", ""] }, 6);
        Assert.Equal(
            [(ErrorCode.None, 1, "h", 9092, ""), (ErrorCode.None, 1, "h", 9092, "")],
            found.Coordinators.Select(c => (c.ErrorCode, c.NodeId, c.Host, c.Port, c.ErrorMessage)));
        Assert.Equal("NONE", client.Call<FindCoordinatorResponse>(new FindCoordinatorRequest { Key = "a" }, 1).ErrorMessage);
        var transaction = client.Call<FindCoordinatorResponse>(new FindCoordinatorRequest { Key = "a", KeyType = 1 }, 3);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, transaction.ErrorCode);
        Assert.Contains("__transaction_state", server.Created);
        var unknown = client.Call<FindCoordinatorResponse>(new FindCoordinatorRequest { CoordinatorKeys = ["a"], KeyType = 9 }, 6);
        Assert.Equal(ErrorCode.InvalidRequest, unknown.Coordinators[0].ErrorCode);
        Assert.StartsWith("This most likely occurs", unknown.Coordinators[0].ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Topics_that_are_not_there_are_refused_before_the_others()
    {
        using var folder = new TempFolder();
        await using var server = new GroupServer(folder.Path);
        using var client = server.Connect();
        Until(client, () => new ListGroupsRequest(), 5, (ListGroupsResponse r) => r.ErrorCode);
        var commit = Commit("g", "", -1, (0, 1), (9, 1));
        commit.Topics.Add(new OffsetCommitRequest.OffsetCommitRequestTopic { Name = "nope", Partitions = commit.Topics[0].Partitions });
        var answer = client.Call<OffsetCommitResponse>(commit, 9);
        Assert.Equal(
            ["t 9 UnknownTopicOrPartition", "t 0 None", "nope 0 UnknownTopicOrPartition", "nope 9 UnknownTopicOrPartition"],
            answer.Topics.SelectMany(t => t.Partitions.Select(p => $"{t.Name} {p.PartitionIndex} {p.ErrorCode}")));

        var byId = Commit("g", "", -1, (1, 8));
        byId.Topics[0].TopicId = GroupServer.TopicId;
        byId.Topics[0].Partitions.Add(Commit("g", "", -1, (9, 8)).Topics[0].Partitions[0]);
        byId.Topics.Add(new OffsetCommitRequest.OffsetCommitRequestTopic
        {
            TopicId = new Uuid(1, 1), Partitions = byId.Topics[0].Partitions,
        });
        Assert.Equal(
            ["9 UnknownTopicOrPartition", "1 None", "1 UnknownTopicId", "9 UnknownTopicId"],
            client.Call<OffsetCommitResponse>(byId, 10).Topics.SelectMany(t => t.Partitions)
                .Select(p => $"{p.PartitionIndex} {p.ErrorCode}"));
        var fetch = new OffsetFetchRequest
        {
            Groups = [FetchGroup("g", GroupServer.TopicId), FetchGroup("g", new Uuid(1, 1)), new() { GroupId = "g", Topics = null }],
        };
        var fetched = client.Call<OffsetFetchResponse>(fetch, 10);
        Assert.Equal(8, fetched.Groups[0].Topics[0].Partitions[1].CommittedOffset);
        Assert.Equal(ErrorCode.UnknownTopicId, fetched.Groups[1].Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(GroupServer.TopicId, fetched.Groups[2].Topics[0].TopicId);

        var delete = new OffsetDeleteRequest { GroupId = "g" };
        delete.Topics.Add(new OffsetDeleteRequest.OffsetDeleteRequestTopic { Name = "t", Partitions = [new() { PartitionIndex = 9 }] });
        Assert.Equal(
            ErrorCode.UnknownTopicOrPartition,
            client.Call<OffsetDeleteResponse>(delete, 0).Topics[0].Partitions[0].ErrorCode);
        delete.GroupId = "none";
        Assert.Equal(ErrorCode.GroupIdNotFound, client.Call<OffsetDeleteResponse>(delete, 0).ErrorCode);
    }

    [Fact]
    public async Task A_deleted_topic_takes_its_offsets_with_it()
    {
        using var folder = new TempFolder();
        await using var server = new GroupServer(folder.Path);
        using var client = server.Connect();
        Until(client, () => new ListGroupsRequest(), 5, (ListGroupsResponse r) => r.ErrorCode);
        client.Call<OffsetCommitResponse>(Commit("g", "", -1, (0, 5)), 9);
        client.Call<OffsetCommitResponse>(Commit("h", "", -1, (1, 6)), 9);
        server.Publish(GroupServer.Remove(GroupServer.TopicId));
        while (Fetch(client, "g", 0) != -1 || Fetch(client, "h", 1) != -1)
        {
            await Task.Yield();
        }

        Assert.Equal(["g", "h"], client.Call<ListGroupsResponse>(new ListGroupsRequest(), 5).Groups.Select(g => g.GroupId).Order());
        var deleted = client.Call<DeleteGroupsResponse>(new DeleteGroupsRequest { GroupsNames = ["g", "none", "g"] }, 2);
        Assert.Equal(["g None", "none GroupIdNotFound"], deleted.Results.Select(r => $"{r.GroupId} {r.ErrorCode}"));
    }

    // A coordinator may still be loading when the first request comes.
    private static T Until<T>(TestClient client, Func<IMessage> request, short version, Func<T, ErrorCode> errorOf)
        where T : IMessage<T>
    {
        while (true)
        {
            var response = client.Call<T>(request(), version);
            if (errorOf(response) is not ErrorCode.CoordinatorLoadInProgress and not ErrorCode.NotCoordinator)
            {
                return response;
            }
        }
    }

    private static OffsetCommitRequest Commit(string group, string member, int generation, params (int Partition, long Offset)[] offsets)
    {
        var request = new OffsetCommitRequest { GroupId = group, MemberId = member, GenerationIdOrMemberEpoch = generation };
        request.Topics.Add(new OffsetCommitRequest.OffsetCommitRequestTopic
        {
            Name = "t",
            Partitions = [.. offsets.Select(o => new OffsetCommitRequest.OffsetCommitRequestPartition
            {
                PartitionIndex = o.Partition, CommittedOffset = o.Offset, CommittedMetadata = "",
            })],
        });
        return request;
    }

    private static OffsetFetchRequest FetchOne(string group, int partition) => new()
    {
        GroupId = group, Topics = [new() { Name = "t", PartitionIndexes = [partition] }],
    };

    private static OffsetFetchRequest.OffsetFetchRequestGroup FetchGroup(string group, Uuid topic) => new()
    {
        GroupId = group, Topics = [new() { TopicId = topic, PartitionIndexes = [0, 1] }],
    };

    private static long Fetch(TestClient client, string group, int partition)
    {
        var partitions = client.Call<OffsetFetchResponse>(FetchOne(group, partition), 7);
        return partitions.ErrorCode == ErrorCode.None ? partitions.Topics[0].Partitions[0].CommittedOffset : -2;
    }
}
