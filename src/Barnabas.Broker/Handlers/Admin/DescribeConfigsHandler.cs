using System.Globalization;
using Barnabas.Base;
using Barnabas.Broker.Config;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Admin;

/// <summary>Tells configurations with where each value comes from.</summary>
public sealed class DescribeConfigsHandler(AdminContext context) : MessageHandler<DescribeConfigsRequest>(ApiKey.DescribeConfigs)
{
    private const string MalformedText = "This most likely occurs because of a request being malformed by the client library or the "
        + "message was sent to an incompatible broker. See the broker logs for more details.";

    /// <inheritdoc/>
    protected override void Handle(Request request, DescribeConfigsRequest message)
    {
        var (image, config) = (context.Image, context.Config());
        var response = new DescribeConfigsResponse();

        // One kind that does not exist fails all of the request, as it does in Kafka.
        var isMalformed = message.Resources.Exists(r => !Enum.IsDefined((ConfigKind)r.ResourceType) || r.ResourceType == 0);
        foreach (var asked in message.Resources)
        {
            var result = new DescribeConfigsResponse.DescribeConfigsResult
            {
                ResourceType = asked.ResourceType, ResourceName = asked.ResourceName,
            };
            var resource = new ConfigResource((ConfigKind)asked.ResourceType, asked.ResourceName);
            var names = asked.ConfigurationKeys is { Count: > 0 } keys ? keys : null;
            var refusal = new Refusal(ErrorCode.InvalidRequest, MalformedText);
            var entries = isMalformed ? [] : Entries(image, config, resource, names, out refusal);
            (result.ErrorCode, result.ErrorMessage) = (refusal.Error, refusal.IsNone ? "" : refusal.Message);
            foreach (var entry in entries)
            {
                result.Configs.Add(Describe(entry, message));
            }

            response.Results.Add(result);
        }

        request.Complete(response);
    }

    private List<ConfigEntry> Entries(
        MetadataImage image, BrokerConfig config, ConfigResource resource, List<string>? names, out Refusal refusal)
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
                refusal = new Refusal(ErrorCode.InvalidRequest, MalformedText);
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

        return id == context.NodeId ? Refusal.None : new Refusal(
            ErrorCode.InvalidRequest, $"Unexpected broker id, expected {context.NodeId}"
                + (resource.Kind == ConfigKind.Broker ? " or empty string, but" : " but") + $" received {name}");
    }

    private static DescribeConfigsResponse.DescribeConfigsResourceResult Describe(
        ConfigEntry entry, DescribeConfigsRequest message) => new()
    {
        Name = entry.Name,
        Value = entry.Value,
        ReadOnly = entry.IsReadOnly,
        ConfigSource = (sbyte)entry.Source,
        IsSensitive = entry.IsSensitive,
        ConfigType = (sbyte)entry.Type,
        Documentation = message.IncludeDocumentation ? entry.Doc : null,
        Synonyms = message.IncludeSynonyms
            ? [.. entry.Synonyms.Select(s => new DescribeConfigsResponse.DescribeConfigsSynonym
            {
                Name = s.Name, Value = s.Value, Source = (sbyte)s.Source,
            })]
            : [],
    };
}
