using Barnabas.Base;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Transactions;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Groups;

/// <summary>
/// FindCoordinator: which broker leads the partition that a group or a transactional id lives on. The first to ask has the topic made.
/// </summary>
/// <param name="metadata">Says who leads.</param>
/// <param name="createTopic">Asks the controller for one of the broker's own topics, and returns at once.</param>
internal sealed class FindCoordinatorHandler(MetadataPublisher metadata, Action<string> createTopic)
    : MessageHandler<FindCoordinatorRequest>(ApiKey.FindCoordinator)
{
    private const short FirstVersionWithManyKeys = 4;
    private const sbyte GroupKey = 0, TransactionKey = 1, ShareKey = 2;

    // Kafka's words: some clients show them to people.
    private const string InvalidRequestText = "This most likely occurs because of a request being malformed by the client library or the "
        + "message was sent to an incompatible broker. See the broker logs for more details.";

    private const string NotAvailableText = "The coordinator is not available.";

    /// <inheritdoc/>
    protected override void Handle(Request request, FindCoordinatorRequest message)
    {
        if (request.ApiVersion >= FirstVersionWithManyKeys)
        {
            var response = new FindCoordinatorResponse();
            foreach (var key in message.CoordinatorKeys)
            {
                response.Coordinators.Add(Find(request, message.KeyType, key));
            }

            request.Complete(response);
            return;
        }

        var found = Find(request, message.KeyType, message.Key);
        request.Complete(new FindCoordinatorResponse
        {
            ErrorCode = found.ErrorCode,
            ErrorMessage = found.ErrorMessage is { Length: > 0 } given ? given : Text(found.ErrorCode),
            NodeId = found.NodeId,
            Host = found.Host,
            Port = found.Port,
        });
    }

    private FindCoordinatorResponse.Coordinator Find(Request request, sbyte keyType, string key) => keyType switch
    {
        GroupKey => Find(request, key, GroupPartition.Topic),
        TransactionKey => Find(request, key, TransactionPartition.Topic),
        ShareKey => NotFound(key, ErrorCode.InvalidRequest, ""),
        _ => NotFound(key, ErrorCode.InvalidRequest, InvalidRequestText),
    };

    private FindCoordinatorResponse.Coordinator Find(Request request, string key, string topicName)
    {
        var image = metadata.Image;
        if (image.Topics.Find(topicName) is not { } topic)
        {
            createTopic(topicName);
            return NotFound(key, ErrorCode.CoordinatorNotAvailable, "");
        }

        var leader = topic.Partitions[CoordinatorPartition.Of(key, topic.Partitions.Length)].Leader;
        if (!image.IsActive(leader) || image.Brokers.Find(leader)?.Endpoint(request.Connection.Listener.Name) is not { } endpoint)
        {
            return NotFound(key, ErrorCode.CoordinatorNotAvailable, "");
        }

        return new FindCoordinatorResponse.Coordinator
        {
            Key = key, NodeId = leader, Host = endpoint.Host, Port = endpoint.Port, ErrorMessage = "",
        };
    }

    private static FindCoordinatorResponse.Coordinator NotFound(string key, ErrorCode error, string message) => new()
    {
        Key = key, NodeId = -1, Host = "", Port = -1, ErrorCode = error, ErrorMessage = message,
    };

    private static string Text(ErrorCode error) => error switch
    {
        ErrorCode.CoordinatorNotAvailable => NotAvailableText,
        ErrorCode.InvalidRequest => InvalidRequestText,
        _ => error.ProtocolName(),
    };
}
