using System.Globalization;
using Barnabas.Base;
using Barnabas.Broker.Config;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Metadata;

namespace Barnabas.Broker.Quorum;

/// <summary>
/// What DescribeConfigs is told of the resources of this node: which there are, and what is refused. Immutable, made per request.
/// </summary>
public sealed class ConfigQuestion(MetadataImage image, BrokerConfig config)
{
    /// <summary>For a request that asks for a kind of resource that there is not.</summary>
    public static Refusal Malformed { get; } = new(
        ErrorCode.InvalidRequest,
        "This most likely occurs because of a request being malformed by the client library or the message was sent to an incompatible "
        + "broker. See the broker logs for more details.");

    /// <summary>True for the number of a kind of resource.</summary>
    public static bool IsKind(sbyte number) => number != 0 && Enum.IsDefined((ConfigKind)number);

    /// <summary>What is set for a resource, or nothing and why; <paramref name="names"/> is what was asked for, null for all.</summary>
    public List<ConfigEntry> Answer(ConfigResource resource, List<string>? names, out Refusal refusal)
    {
        refusal = Refusal.None;
        var values = image.Configs.Of(resource).Entries;
        switch (resource.Kind)
        {
            case ConfigKind.Topic when TopicNames.Problem(resource.Name) is { } problem:
                refusal = new Refusal(ErrorCode.InvalidTopicException, problem);
                return [];
            case ConfigKind.Topic when image.Topics.Find(resource.Name) is null:
                refusal = new Refusal(ErrorCode.UnknownTopicOrPartition, "");
                return [];
            case ConfigKind.Topic:
                return ConfigDescriber.Topic(config, config.Topic(values), names);
            case ConfigKind.Broker when resource.Name.Length == 0:
                return ConfigDescriber.AllBrokers(config, names);
            case ConfigKind.Broker or ConfigKind.BrokerLogger:
                refusal = CheckBroker(resource);
                return refusal.IsNone && resource.Kind == ConfigKind.Broker ? ConfigDescriber.Broker(config, names) : [];
            case ConfigKind.Group when resource.Name.Length == 0:
                refusal = new Refusal(ErrorCode.InvalidRequest, "Group name must not be empty");
                return [];
            case ConfigKind.Group:
                return ConfigDescriber.Group(config, new Dictionary<string, string>(values), names);
            case ConfigKind.ClientMetrics when resource.Name.Length == 0:
                refusal = new Refusal(ErrorCode.InvalidRequest, "Client metrics subscription name must not be empty");
                return [];
            case ConfigKind.ClientMetrics:
                return ConfigDescriber.ClientMetrics(new Dictionary<string, string>(values), names);
            default:
                refusal = Malformed;
                return [];
        }
    }

    private Refusal CheckBroker(ConfigResource resource)
    {
        var name = resource.Name;
        if (!int.TryParse(name, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id))
        {
            return new Refusal(ErrorCode.InvalidRequest, $"Broker id must be an integer, but it is: {name}");
        }

        return id == config.NodeId ? Refusal.None : new Refusal(
            ErrorCode.InvalidRequest, $"Unexpected broker id, expected {config.NodeId}"
                + (resource.Kind == ConfigKind.Broker ? " or empty string, but" : " but") + $" received {name}");
    }
}
