using Barnabas.Base;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Controller;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Admin;

/// <summary>Tells who leads the metadata quorum, who votes in it and how far everyone is.</summary>
public sealed class DescribeQuorumHandler(AdminContext context) : MessageHandler<DescribeQuorumRequest>(ApiKey.DescribeQuorum)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, DescribeQuorumRequest message)
    {
        var response = new DescribeQuorumResponse { ErrorMessage = "" };
        var isAsked = false;
        foreach (var topic in message.Topics)
        {
            var answer = new DescribeQuorumResponse.TopicData { TopicName = topic.TopicName };
            foreach (var partition in topic.Partitions)
            {
                var isMetadata = topic.TopicName == TopicNames.ClusterMetadata && partition.PartitionIndex == 0;
                isAsked |= isMetadata;
                answer.Partitions.Add(isMetadata ? Metadata(request.ApiVersion) : Unknown(partition.PartitionIndex));
            }

            response.Topics.Add(answer);
        }

        if (isAsked && request.ApiVersion >= 2)
        {
            AddNodes(response);
        }

        request.Complete(response);
    }

    private static DescribeQuorumResponse.PartitionData Unknown(int partition) => new()
    {
        PartitionIndex = partition,
        ErrorCode = ErrorCode.UnknownTopicOrPartition,
        ErrorMessage = "This server does not host this topic-partition.",
    };

    private DescribeQuorumResponse.PartitionData Metadata(short version)
    {
        var status = context.Quorum.Status;
        var partition = new DescribeQuorumResponse.PartitionData
        {
            ErrorMessage = "", LeaderId = status.LeaderId, LeaderEpoch = status.LeaderEpoch, HighWatermark = status.HighWatermark,
        };
        foreach (var voter in status.Voters.Voters)
        {
            partition.CurrentVoters.Add(new DescribeQuorumResponse.ReplicaState
            {
                ReplicaId = voter.Key.Id,
                ReplicaDirectoryId = version >= 2 ? voter.Key.DirectoryId : Base.Uuid.Zero,
                LogEndOffset = status.EndOffset,
                LastFetchTimestamp = context.Quorum.NowMs,
                LastCaughtUpTimestamp = context.Quorum.NowMs,
            });
        }

        return partition;
    }

    private void AddNodes(DescribeQuorumResponse response)
    {
        foreach (var voter in context.Quorum.Status.Voters.Voters)
        {
            var node = new DescribeQuorumResponse.Node { NodeId = voter.Key.Id };
            foreach (var endpoint in voter.Endpoints)
            {
                node.Listeners.Add(new() { Name = endpoint.Listener, Host = endpoint.Host, Port = endpoint.Port });
            }

            response.Nodes.Add(node);
        }
    }
}
