using Barnabas.Base;
using Barnabas.Broker.Network;
using Barnabas.Broker.Quorum;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Admin;

/// <summary>
/// Tells clients of brokers, topics and leaders, from one published image, with the address of the listener that was asked. A topic that is
/// not there may be created; the client asks again.
/// </summary>
public sealed class MetadataHandler(AdminContext context, AutoTopics autoTopics) : MessageHandler<MetadataRequest>(ApiKey.Metadata)
{
    private const short FirstWithIdsOnly = 12, FirstWithListenerErrors = 6;

    /// <inheritdoc/>
    protected override void Handle(Request request, MetadataRequest message)
    {
        if (Malformed(request.ApiVersion, message) is not ErrorCode.None and var error)
        {
            request.Complete(new MetadataResponse
            {
                ErrorCode = error,
                Topics = message.Topics!.ConvertAll(topic =>
                    new MetadataResponse.MetadataResponseTopic { ErrorCode = error, Name = topic.Name ?? "", TopicId = topic.TopicId }),
            });
            return;
        }

        var image = context.Image;
        var view = new View(image, request.Connection.Listener.Name, request.ApiVersion);
        var response = new MetadataResponse { ClusterId = context.ClusterId, ControllerId = -1 };
        AddBrokers(view, response);
        AddTopics(view, message, response);
        if (message.IncludeClusterAuthorizedOperations)
        {
            response.ClusterAuthorizedOperations = AdminContext.ClusterOperations;
        }

        if (message.IncludeTopicAuthorizedOperations)
        {
            foreach (var topic in response.Topics)
            {
                topic.TopicAuthorizedOperations = AdminContext.TopicOperations;
            }
        }

        request.Complete(response);
    }

    private static ErrorCode Malformed(short version, MetadataRequest message)
    {
        foreach (var topic in message.Topics ?? [])
        {
            if (version is 10 or 11 && (topic.Name is null || topic.TopicId != Uuid.Zero))
            {
                return ErrorCode.InvalidRequest;
            }

            if (topic.Name is null && topic.TopicId == Uuid.Zero)
            {
                return ErrorCode.UnknownServerError;
            }
        }

        return ErrorCode.None;
    }

    private void AddBrokers(in View view, MetadataResponse response)
    {
        foreach (var broker in view.Image.Brokers.Values)
        {
            if (!broker.IsFenced && broker.Endpoint(view.Listener) is { } endpoint)
            {
                response.Brokers.Add(new MetadataResponse.MetadataResponseBroker
                {
                    NodeId = broker.Id, Host = endpoint.Host, Port = endpoint.Port, Rack = broker.Rack,
                });

                // Any broker passes requests on to the controller; this one is it.
                response.ControllerId = response.ControllerId < 0 || broker.Id == context.NodeId ? broker.Id : response.ControllerId;
            }
        }
    }

    private void AddTopics(in View view, MetadataRequest message, MetadataResponse response)
    {
        if (message.Topics is null || (view.Version == 0 && message.Topics.Count == 0))
        {
            foreach (var topic in view.Image.Topics.All)
            {
                response.Topics.Add(Describe(view, topic));
            }

            return;
        }

        var creates = message.AllowAutoTopicCreation && context.Config().Logs.AutoCreateTopics;
        var seen = new HashSet<(string?, Uuid)>();
        foreach (var asked in message.Topics)
        {
            var byId = asked.TopicId != Uuid.Zero && view.Version >= FirstWithIdsOnly;
            if (!seen.Add(byId ? (null, asked.TopicId) : (asked.Name, Uuid.Zero)))
            {
                continue;
            }

            var topic = byId ? view.Image.Topics.Find(asked.TopicId) : view.Image.Topics.Find(asked.Name!);
            response.Topics.Add(topic is not null ? Describe(view, topic)
                : byId ? Unknown(asked.TopicId)
                : Absent(asked.Name!, creates));
        }
    }

    private static MetadataResponse.MetadataResponseTopic Unknown(Uuid id) =>
        new() { ErrorCode = ErrorCode.UnknownTopicId, TopicId = id, Name = null };

    private MetadataResponse.MetadataResponseTopic Absent(string name, bool creates)
    {
        var isValid = TopicNames.Problem(name) is null;
        if (isValid && creates && name != TopicNames.ClusterMetadata)
        {
            autoTopics.Create(name);
        }

        return new MetadataResponse.MetadataResponseTopic
        {
            ErrorCode = isValid ? ErrorCode.UnknownTopicOrPartition : ErrorCode.InvalidTopicException,
            Name = name,
            IsInternal = TopicNames.IsInternal(name),
        };
    }

    private static MetadataResponse.MetadataResponseTopic Describe(in View view, TopicImage topic)
    {
        var partitions = new List<MetadataResponse.MetadataResponsePartition>(topic.Partitions.Length);
        for (var i = 0; i < topic.Partitions.Length; i++)
        {
            partitions.Add(Describe(view, i, topic.Partitions[i]));
        }

        return new MetadataResponse.MetadataResponseTopic
        {
            Name = topic.Name, TopicId = topic.Id, IsInternal = TopicNames.IsInternal(topic.Name), Partitions = partitions,
        };
    }

    private static MetadataResponse.MetadataResponsePartition Describe(in View view, int index, PartitionImage partition)
    {
        var answer = new MetadataResponse.MetadataResponsePartition
        {
            ErrorCode = LeaderError(view, partition.Leader),
            PartitionIndex = index,
            LeaderId = partition.Leader,
            LeaderEpoch = partition.LeaderEpoch,
            ReplicaNodes = [.. partition.Replicas],
            IsrNodes = [.. partition.Isr],
            OfflineReplicas = PartitionView.Offline(view.Image, partition),
        };
        if (view.Version == 0 && answer.OfflineReplicas.Count > 0)
        {
            // The first clients knew nothing of replicas that are offline: they are left out.
            answer.ReplicaNodes.RemoveAll(answer.OfflineReplicas.Contains);
            answer.IsrNodes.RemoveAll(answer.OfflineReplicas.Contains);
            answer.ErrorCode = answer.ErrorCode == ErrorCode.None ? ErrorCode.ReplicaNotAvailable : answer.ErrorCode;
        }

        return answer;
    }

    private static ErrorCode LeaderError(in View view, int leader)
    {
        if (leader == PartitionImage.NoLeader || view.Image.Brokers.Find(leader) is not { IsFenced: false } broker)
        {
            return ErrorCode.LeaderNotAvailable;
        }

        return broker.Endpoint(view.Listener) is not null ? ErrorCode.None
            : view.Version >= FirstWithListenerErrors ? ErrorCode.ListenerNotFound : ErrorCode.LeaderNotAvailable;
    }

    /// <summary>What one answer is made from; immutable.</summary>
    private readonly record struct View(MetadataImage Image, string Listener, short Version);
}
