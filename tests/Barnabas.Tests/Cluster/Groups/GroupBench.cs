using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Admin;
using Barnabas.Cluster.Groups.Classic;
using Barnabas.Cluster.Groups.Offsets;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;
using Barnabas.Tests.Cluster.Machines;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>A group coordinator that the test drives, and what is asked of it.</summary>
internal sealed class GroupBench : MachineBench<GroupCoordinator, GroupRecord>
{
    public GroupBench(GroupConfig? config = null, MemoryLog<GroupRecord>? log = null, ulong seed = 1, long wallMs = 1_000_000_000)
        : base(log ?? NewLog(), wallMs, bench => new GroupCoordinator(
            config ?? new GroupConfig { InitialRebalanceDelayMs = 0, SessionTimeoutMinMs = 1_000 }, bench.Loop, new Randomness(seed),
            () => ((GroupBench)bench).Image))
    {
        Coordinator.Attach(operation => Host.Submit(operation, Loop.NowWallMs));
        Load();
    }

    /// <summary>The metadata that the coordinator sees.</summary>
    public MetadataImage Image { get; set; } = MetadataImage.Empty;

    public static MemoryLog<GroupRecord> NewLog() => new(new GroupRecordCodec());

    public Awaited<JoinGroupResponse> Join(JoinGroupRequest request, short version = 9, string clientId = "cl") =>
        Ask<JoinGroupResponse>(reply => new JoinGroupOperation(request, new GroupCaller(clientId, "/127.0.0.1", version), reply));

    public Awaited<SyncGroupResponse> Sync(SyncGroupRequest request, short version = 5, string type = "consumer")
    {
        if (version >= 5)
        {
            request.ProtocolType ??= type;
            request.ProtocolName ??= "range";
        }

        return Ask<SyncGroupResponse>(reply => new SyncGroupOperation(request, new GroupCaller("cl", "/127.0.0.1", version), reply));
    }

    public ErrorCode Heartbeat(string group, string member, int generation, string? instance = null) => Ask<HeartbeatResponse>(
        reply => new HeartbeatOperation(
            new HeartbeatRequest { GroupId = group, MemberId = member, GenerationId = generation, GroupInstanceId = instance }, reply))
        .Now.ErrorCode;

    public LeaveGroupResponse Leave(string group, params (string Member, string? Instance)[] members)
    {
        var request = new LeaveGroupRequest { GroupId = group };
        foreach (var (member, instance) in members)
        {
            request.Members.Add(new LeaveGroupRequest.MemberIdentity { MemberId = member, GroupInstanceId = instance });
        }

        return Ask<LeaveGroupResponse>(reply => new LeaveGroupOperation(request, new GroupCaller("cl", "/127.0.0.1", 5), reply)).Now;
    }

    public DescribeGroupsResponse.DescribedGroup Describe(string group, short version = 6) => Ask<DescribeGroupsResponse.DescribedGroup>(
        reply => new DescribeGroupOperation(group, new GroupCaller("cl", "/127.0.0.1", version), reply)).Now;

    public List<ListGroupsResponse.ListedGroup> List(string[]? states = null, string[]? types = null) => Ask<ListGroupsResponse>(
        reply => new ListGroupsOperation(new ListGroupsRequest { StatesFilter = [.. states ?? []], TypesFilter = [.. types ?? []] }, reply))
        .Now.Groups;

    public ErrorCode Delete(string group) =>
        Ask<DeleteGroupsResponse.DeletableGroupResult>(reply => new DeleteGroupOperation(group, reply)).Now.ErrorCode;

    public Awaited<OffsetCommitResponse> CommitOffset(
        string group, string topic, int partition, long offset, string member = "", int generation = -1, string? metadata = null,
        string? instance = null, short version = 9, long retentionMs = -1)
    {
        var request = new OffsetCommitRequest
        {
            GroupId = group,
            MemberId = member,
            GenerationIdOrMemberEpoch = generation,
            GroupInstanceId = instance,
            RetentionTimeMs = retentionMs,
        };
        var asked = new OffsetCommitRequest.OffsetCommitRequestTopic { Name = topic, TopicId = TopicId(topic) };
        asked.Partitions.Add(new OffsetCommitRequest.OffsetCommitRequestPartition
        {
            PartitionIndex = partition, CommittedOffset = offset, CommittedMetadata = metadata,
        });
        request.Topics.Add(asked);
        return Ask<OffsetCommitResponse>(reply => new CommitOffsetsOperation(request, new GroupCaller("cl", "/127.0.0.1", version), reply));
    }

    public static ErrorCode ErrorOf(Awaited<OffsetCommitResponse> response) => response.Now.Topics[0].Partitions[0].ErrorCode;

    public OffsetFetchResponse.OffsetFetchResponsePartitions Fetch(
        string group, string topic, int partition, bool stable = false, Uuid? topicId = null)
    {
        var request = new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = group, Topics = [] };
        request.Topics.Add(new OffsetFetchRequest.OffsetFetchRequestTopics
        {
            Name = topic, TopicId = topicId ?? Uuid.Zero, PartitionIndexes = [partition],
        });
        return Ask<OffsetFetchResponse.OffsetFetchResponseGroup>(reply => new FetchOffsetsOperation(request, stable, reply))
            .Now.Topics[0].Partitions[0];
    }

    public Awaited<OffsetFetchResponse.OffsetFetchResponseGroup> FetchAll(string group, bool stable = false) =>
        Ask<OffsetFetchResponse.OffsetFetchResponseGroup>(reply => new FetchOffsetsOperation(
            new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = group, Topics = null }, stable, reply));

    public OffsetDeleteResponse DeleteOffset(string group, string topic, int partition)
    {
        var request = new OffsetDeleteRequest { GroupId = group };
        var asked = new OffsetDeleteRequest.OffsetDeleteRequestTopic { Name = topic };
        asked.Partitions.Add(new OffsetDeleteRequest.OffsetDeleteRequestPartition { PartitionIndex = partition });
        request.Topics.Add(asked);
        return Ask<OffsetDeleteResponse>(reply => new DeleteOffsetsOperation(request, reply)).Now;
    }

    /// <summary>A group with one dynamic member that has synced.</summary>
    public (string Member, int Generation) Stable(string group, JoinGroupRequest? request = null)
    {
        request ??= Request(group);
        var joined = Join(request, version: 3);
        Advance(1);
        var member = joined.Now.MemberId;
        var synced = Sync(Assign(group, member, joined.Now.GenerationId, (member, "all")), type: request.ProtocolType);
        Xunit.Assert.Equal(ErrorCode.None, synced.Now.ErrorCode);
        return (member, joined.Now.GenerationId);
    }

    /// <summary>The group "g" with two dynamic members in its second generation; they have synced if they are to.</summary>
    public (string A, string B) Pair(bool syncs = true)
    {
        var (a, _) = Stable("g");
        var joined = Join(Request("g"), version: 3);
        Join(Request("g", a));
        var b = joined.Now.MemberId;
        if (syncs)
        {
            Sync(Assign("g", a, 2, (a, "A"), (b, "B")));
            Sync(Assign("g", b, 2));
        }

        return (a, b);
    }

    public static Uuid TopicId(string topic) => new(7, (ulong)topic.Length + topic[0]);

    public static JoinGroupRequest Request(
        string group, string member = "", string? instance = null, string type = "consumer", int sessionMs = 10_000,
        int rebalanceMs = 30_000, params (string Name, byte[] Metadata)[] protocols)
    {
        var request = new JoinGroupRequest
        {
            GroupId = group,
            MemberId = member,
            GroupInstanceId = instance,
            ProtocolType = type,
            SessionTimeoutMs = sessionMs,
            RebalanceTimeoutMs = rebalanceMs,
        };
        foreach (var (name, metadata) in protocols.Length == 0 ? [("range", Topics("t"))] : protocols)
        {
            request.Protocols.Add(new JoinGroupRequest.JoinGroupRequestProtocol { Name = name, Metadata = metadata });
        }

        return request;
    }

    public static SyncGroupRequest Assign(string group, string member, int generation, params (string Member, string Work)[] work)
    {
        var request = new SyncGroupRequest { GroupId = group, MemberId = member, GenerationId = generation };
        foreach (var (name, text) in work)
        {
            request.Assignments.Add(new SyncGroupRequest.SyncGroupRequestAssignment
            {
                MemberId = name, Assignment = System.Text.Encoding.UTF8.GetBytes(text),
            });
        }

        return request;
    }

    /// <summary>A consumer's subscription as clients write it.</summary>
    public static byte[] Topics(params string[] topics)
    {
        using var writer = new ByteWriter();
        writer.WriteInt16(1);
        new ConsumerProtocolSubscription { Topics = [.. topics] }.Write(writer, 1);
        return writer.Written.ToArray();
    }

    public Awaited<T> Ask<T>(Func<Action<T>, GroupRequest<T>> make)
        where T : class
    {
        var awaited = new Awaited<T>();
        var operation = make(awaited.Set);
        if (operation.Precheck(Coordinator.Config) is var mistake and not ErrorCode.None)
        {
            operation.Finish(mistake);
        }
        else
        {
            Submit(operation);
        }

        return awaited;
    }
}
