using System.Diagnostics;
using Barnabas.Base;
using Barnabas.Messages;
using Xunit;

namespace Barnabas.Shared;

/// <summary>
/// The brokers that one history drives: each request goes to all of them, and all have to answer the same. What a broker does not know yet
/// (a new topic, a coordinator that loads) is asked again. One thread.
/// </summary>
internal sealed class HistoryBrokers(int[] ports) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // Version 0 of a subscription, and of an assignment: no topics, no user data.
    private static readonly byte[] Nothing = [0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF];

    private readonly WireClient[] _clients = [.. ports.Select(port => new WireClient(port))];

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(_clients, client => client.Dispose());

    public void CreateTopic(string name, int partitions, IEnumerable<(string Key, string Value)> configs)
    {
        var topic = new CreateTopicsRequest.CreatableTopic
        {
            Name = name,
            NumPartitions = partitions,
            ReplicationFactor = 1,
            Configs = [.. configs.Select(c => new CreateTopicsRequest.CreatableTopicConfig { Name = c.Key, Value = c.Value })],
        };
        OnEach(client => client.Call<CreateTopicsResponse>(new CreateTopicsRequest { Topics = [topic] }, 7).Topics[0].ErrorCode);
    }

    public void DeleteTopic(string name)
    {
        var request = new DeleteTopicsRequest { Topics = [new DeleteTopicsRequest.DeleteTopicState { Name = name }], TimeoutMs = 30_000 };
        OnEach(client => client.Call<DeleteTopicsResponse>(request, 6).Responses[0].ErrorCode);
    }

    public void SetPartitions(string name, int count)
    {
        var topic = new CreatePartitionsRequest.CreatePartitionsTopic { Name = name, Count = count, Assignments = null };
        var request = new CreatePartitionsRequest { Topics = [topic], TimeoutMs = 30_000 };
        OnEach(client => client.Call<CreatePartitionsResponse>(request, 3).Results[0].ErrorCode);
    }

    public void SetConfig(string topic, string key, string value)
    {
        var resource = new IncrementalAlterConfigsRequest.AlterConfigsResource
        {
            ResourceType = 2,
            ResourceName = topic,
            Configs = [new IncrementalAlterConfigsRequest.AlterableConfig { Name = key, ConfigOperation = 0, Value = value }],
        };
        OnEach(client => client.Call<IncrementalAlterConfigsResponse>(
            new IncrementalAlterConfigsRequest { Resources = [resource] }, 1).Responses[0].ErrorCode);
    }

    public long Produce(string topic, int partition, byte[] batch, string? transactionalId)
    {
        var request = new ProduceRequest
        {
            TransactionalId = transactionalId,
            Acks = -1,
            TimeoutMs = 30_000,
            TopicData =
            [
                new ProduceRequest.TopicProduceData
                {
                    Name = topic,
                    PartitionData = [new ProduceRequest.PartitionProduceData { Index = partition, Records = batch }],
                },
            ],
        };
        var offsets = new HashSet<long>();
        OnEach(client =>
        {
            var answer = client.Call<ProduceResponse>(request, 11).Responses[0].PartitionResponses[0];
            if (answer.ErrorCode == ErrorCode.None)
            {
                offsets.Add(answer.BaseOffset);
            }

            return answer.ErrorCode;
        });
        return Assert.Single(offsets);
    }

    public void WriteMarker(string topic, int partition, long producerId, short epoch, bool isCommit)
    {
        var marker = new WriteTxnMarkersRequest.WritableTxnMarker
        {
            ProducerId = producerId,
            ProducerEpoch = epoch,
            TransactionResult = isCommit,
            Topics = [new WriteTxnMarkersRequest.WritableTxnMarkerTopic { Name = topic, PartitionIndexes = [partition] }],
        };
        OnEach(client => client.Call<WriteTxnMarkersResponse>(new WriteTxnMarkersRequest { Markers = [marker] }, 1)
            .Markers[0].Topics[0].Partitions[0].ErrorCode);
    }

    public void DeleteRecords(string topic, int partition, long offset)
    {
        var asked = new DeleteRecordsRequest.DeleteRecordsPartition { PartitionIndex = partition, Offset = offset };
        var request = new DeleteRecordsRequest
        {
            Topics = [new DeleteRecordsRequest.DeleteRecordsTopic { Name = topic, Partitions = [asked] }], TimeoutMs = 30_000,
        };
        OnEach(client => client.Call<DeleteRecordsResponse>(request, 2).Topics[0].Partitions[0].ErrorCode);
    }

    /// <summary>The first offset that each broker has.</summary>
    public long[] StartOffsets(string topic, int partition)
    {
        var asked = new ListOffsetsRequest.ListOffsetsPartition { PartitionIndex = partition, Timestamp = -2 };
        var request = new ListOffsetsRequest
        {
            ReplicaId = -1, Topics = [new ListOffsetsRequest.ListOffsetsTopic { Name = topic, Partitions = [asked] }],
        };
        return [.. _clients.Select(client => client.Call<ListOffsetsResponse>(request, 9).Topics[0].Partitions[0].Offset)];
    }

    /// <summary>Commits without being a member.</summary>
    public void Commit(string group, string topic, int partition, long offset, string metadata) =>
        OnEach(client => Commit(client, group, (-1, ""), topic, partition, offset, metadata));

    /// <summary>One member joins, commits and leaves.</summary>
    public void GroupSession(string group, string topic, long offset) => OnEach(client =>
    {
        var joined = Join(client, group, "");
        if (joined.ErrorCode == ErrorCode.MemberIdRequired)
        {
            joined = Join(client, group, joined.MemberId);
        }

        if (joined.ErrorCode != ErrorCode.None)
        {
            return joined.ErrorCode;
        }

        var assignment = new SyncGroupRequest.SyncGroupRequestAssignment { MemberId = joined.MemberId, Assignment = Nothing };
        var synced = client.Call<SyncGroupResponse>(
            new SyncGroupRequest
            {
                GroupId = group, GenerationId = joined.GenerationId, MemberId = joined.MemberId, ProtocolType = "consumer",
                ProtocolName = "range", Assignments = [assignment],
            },
            5);
        Assert.Equal(ErrorCode.None, synced.ErrorCode);
        Assert.Equal(ErrorCode.None, Commit(client, group, (joined.GenerationId, joined.MemberId), topic, 0, offset, "member"));
        var leaver = new LeaveGroupRequest.MemberIdentity { MemberId = joined.MemberId };
        return client.Call<LeaveGroupResponse>(new LeaveGroupRequest { GroupId = group, Members = [leaver] }, 5).ErrorCode;
    });

    private static JoinGroupResponse Join(WireClient client, string group, string member) => client.Call<JoinGroupResponse>(
        new JoinGroupRequest
        {
            GroupId = group, SessionTimeoutMs = 30_000, RebalanceTimeoutMs = 30_000, MemberId = member, ProtocolType = "consumer",
            Protocols = [new JoinGroupRequest.JoinGroupRequestProtocol { Name = "range", Metadata = Nothing }],
        },
        9);

    private static ErrorCode Commit(
        WireClient client, string group, (int Generation, string Id) member, string topic, int partition, long offset, string metadata)
    {
        var committed = new OffsetCommitRequest.OffsetCommitRequestPartition
        {
            PartitionIndex = partition, CommittedOffset = offset, CommittedLeaderEpoch = -1, CommittedMetadata = metadata,
        };
        var request = new OffsetCommitRequest
        {
            GroupId = group,
            GenerationIdOrMemberEpoch = member.Generation,
            MemberId = member.Id,
            Topics = [new OffsetCommitRequest.OffsetCommitRequestTopic { Name = topic, Partitions = [committed] }],
        };
        return client.Call<OffsetCommitResponse>(request, 9).Topics[0].Partitions[0].ErrorCode;
    }

    private void OnEach(Func<WireClient, ErrorCode> ask)
    {
        foreach (var client in _clients)
        {
            var watch = Stopwatch.StartNew();
            ErrorCode error;
            while ((error = ask(client)) is ErrorCode.UnknownTopicOrPartition or ErrorCode.NotLeaderOrFollower or ErrorCode.NotCoordinator
                or ErrorCode.CoordinatorNotAvailable or ErrorCode.CoordinatorLoadInProgress && watch.Elapsed < Patience)
            {
                FindCoordinator(client);
            }

            Assert.Equal(ErrorCode.None, error);
        }
    }

    /// <summary>Makes the broker create the topic of committed offsets; also what is done between two tries.</summary>
    private static void FindCoordinator(WireClient client)
    {
        client.Call<FindCoordinatorResponse>(new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = ["simple-0"] }, 6);
        Thread.Sleep(20);
    }
}
