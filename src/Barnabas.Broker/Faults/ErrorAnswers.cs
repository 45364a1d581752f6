using Barnabas.Base;
using Barnabas.Broker.Network;
using Barnabas.Messages;

namespace Barnabas.Broker.Faults;

/// <summary>
/// The answer that says one error of everything a request asked for, as a broker would that refuses all of it. Stateless.
/// </summary>
internal static class ErrorAnswers
{
    /// <summary>Makes it for a request of an API that carries errors.</summary>
    /// <exception cref="MalformedException">The request cannot be decoded.</exception>
    /// <exception cref="NotSupportedException">The API's answers carry no error.</exception>
    public static IMessage Make(Request request, ErrorCode error)
    {
        var version = request.ApiVersion;
        var body = request.Body;
        return request.ApiKey switch
        {
            ApiKey.Produce => Produce(MessageCodec.Decode<ProduceRequest>(body, version), error),
            ApiKey.Fetch => Fetch(MessageCodec.Decode<FetchRequest>(body, version), version, error),
            ApiKey.ListOffsets => ListOffsets(MessageCodec.Decode<ListOffsetsRequest>(body, version), error),
            ApiKey.Metadata => Metadata(MessageCodec.Decode<MetadataRequest>(body, version), error),
            ApiKey.OffsetCommit => OffsetCommit(MessageCodec.Decode<OffsetCommitRequest>(body, version), error),
            ApiKey.OffsetFetch => OffsetFetch(MessageCodec.Decode<OffsetFetchRequest>(body, version), version, error),
            ApiKey.FindCoordinator => FindCoordinator(MessageCodec.Decode<FindCoordinatorRequest>(body, version), version, error),
            ApiKey.CreateTopics => CreateTopics(MessageCodec.Decode<CreateTopicsRequest>(body, version), error),
            ApiKey.DeleteTopics => DeleteTopics(MessageCodec.Decode<DeleteTopicsRequest>(body, version), version, error),
            ApiKey.ApiVersions => new ApiVersionsResponse { ErrorCode = error },
            ApiKey.JoinGroup => new JoinGroupResponse { ErrorCode = error, MemberId = "", ProtocolName = "", ProtocolType = "" },
            ApiKey.SyncGroup => new SyncGroupResponse { ErrorCode = error, Assignment = [] },
            ApiKey.Heartbeat => new HeartbeatResponse { ErrorCode = error },
            ApiKey.LeaveGroup => new LeaveGroupResponse { ErrorCode = error },
            ApiKey.ListGroups => new ListGroupsResponse { ErrorCode = error },
            ApiKey.InitProducerId => new InitProducerIdResponse { ErrorCode = error, ProducerId = -1, ProducerEpoch = -1 },
            ApiKey.DescribeCluster => new DescribeClusterResponse { ErrorCode = error, ClusterId = "" },
            _ => throw new NotSupportedException($"no answer of {request.ApiKey} is made with an error; script another fault for it"),
        };
    }

    private static ProduceResponse Produce(ProduceRequest asked, ErrorCode error) => new()
    {
        Responses = asked.TopicData.ConvertAll(topic => new ProduceResponse.TopicProduceResponse
        {
            Name = topic.Name,
            TopicId = topic.TopicId,
            PartitionResponses = topic.PartitionData.ConvertAll(partition => new ProduceResponse.PartitionProduceResponse
            {
                Index = partition.Index, ErrorCode = error, BaseOffset = -1,
            }),
        }),
    };

    private static FetchResponse Fetch(FetchRequest asked, short version, ErrorCode error) => version >= 7
        ? new FetchResponse { ErrorCode = error }
        : new FetchResponse
        {
            Responses = asked.Topics.ConvertAll(topic => new FetchResponse.FetchableTopicResponse
            {
                Topic = topic.Topic,
                Partitions = topic.Partitions.ConvertAll(partition => new FetchResponse.PartitionData
                {
                    PartitionIndex = partition.Partition, ErrorCode = error, HighWatermark = -1, Records = [],
                }),
            }),
        };

    private static ListOffsetsResponse ListOffsets(ListOffsetsRequest asked, ErrorCode error) => new()
    {
        Topics = asked.Topics.ConvertAll(topic => new ListOffsetsResponse.ListOffsetsTopicResponse
        {
            Name = topic.Name,
            Partitions = topic.Partitions.ConvertAll(partition => new ListOffsetsResponse.ListOffsetsPartitionResponse
            {
                PartitionIndex = partition.PartitionIndex, ErrorCode = error,
            }),
        }),
    };

    private static MetadataResponse Metadata(MetadataRequest asked, ErrorCode error) => new()
    {
        Topics = (asked.Topics ?? []).ConvertAll(topic => new MetadataResponse.MetadataResponseTopic
        {
            Name = topic.Name, TopicId = topic.TopicId, ErrorCode = error,
        }),
    };

    private static OffsetCommitResponse OffsetCommit(OffsetCommitRequest asked, ErrorCode error) => new()
    {
        Topics = asked.Topics.ConvertAll(topic => new OffsetCommitResponse.OffsetCommitResponseTopic
        {
            Name = topic.Name,
            TopicId = topic.TopicId,
            Partitions = topic.Partitions.ConvertAll(partition => new OffsetCommitResponse.OffsetCommitResponsePartition
            {
                PartitionIndex = partition.PartitionIndex, ErrorCode = error,
            }),
        }),
    };

    private static OffsetFetchResponse OffsetFetch(OffsetFetchRequest asked, short version, ErrorCode error) => version >= 8
        ? new OffsetFetchResponse
        {
            Groups = asked.Groups.ConvertAll(group => new OffsetFetchResponse.OffsetFetchResponseGroup
            {
                GroupId = group.GroupId, ErrorCode = error,
            }),
        }
        : new OffsetFetchResponse { ErrorCode = error };

    private static FindCoordinatorResponse FindCoordinator(FindCoordinatorRequest asked, short version, ErrorCode error) => version >= 4
        ? new FindCoordinatorResponse
        {
            Coordinators = asked.CoordinatorKeys.ConvertAll(key => new FindCoordinatorResponse.Coordinator
            {
                Key = key, NodeId = -1, Host = "", Port = -1, ErrorCode = error,
            }),
        }
        : new FindCoordinatorResponse { ErrorCode = error, NodeId = -1, Host = "", Port = -1 };

    private static CreateTopicsResponse CreateTopics(CreateTopicsRequest asked, ErrorCode error) => new()
    {
        Topics = asked.Topics.ConvertAll(topic => new CreateTopicsResponse.CreatableTopicResult { Name = topic.Name, ErrorCode = error }),
    };

    private static DeleteTopicsResponse DeleteTopics(DeleteTopicsRequest asked, short version, ErrorCode error) => new()
    {
        Responses = version >= 6
            ? asked.Topics.ConvertAll(topic => new DeleteTopicsResponse.DeletableTopicResult
            {
                Name = topic.Name, TopicId = topic.TopicId, ErrorCode = error,
            })
            : asked.TopicNames.ConvertAll(name => new DeleteTopicsResponse.DeletableTopicResult { Name = name, ErrorCode = error }),
    };
}
