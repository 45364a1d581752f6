using System.Globalization;
using Barnabas.Base;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Admin;

/// <summary>Lists what has a configuration: topics, brokers, groups and client-metrics subscriptions.</summary>
public sealed class ListConfigResourcesHandler(AdminContext context)
    : MessageHandler<ListConfigResourcesRequest>(ApiKey.ListConfigResources)
{
    private static readonly ConfigKind[] All =
        [ConfigKind.Group, ConfigKind.ClientMetrics, ConfigKind.BrokerLogger, ConfigKind.Broker, ConfigKind.Topic];

    /// <inheritdoc/>
    protected override void Handle(Request request, ListConfigResourcesRequest message)
    {
        var response = new ListConfigResourcesResponse();
        var kinds = request.ApiVersion == 0 ? [ConfigKind.ClientMetrics]
            : message.ResourceTypes.Count == 0 ? All : message.ResourceTypes.Select(type => (ConfigKind)type).Distinct().ToArray();
        if (kinds.Any(kind => !All.Contains(kind)))
        {
            response.ErrorCode = ErrorCode.UnsupportedVersion;
            request.Complete(response);
            return;
        }

        foreach (var kind in All.Where(kinds.Contains))
        {
            foreach (var name in Names(context.Image, kind))
            {
                response.ConfigResources.Add(new() { ResourceType = (sbyte)kind, ResourceName = name });
            }
        }

        request.Complete(response);
    }

    private static IEnumerable<string> Names(MetadataImage image, ConfigKind kind) => kind switch
    {
        ConfigKind.Topic => image.Topics.All.Select(topic => topic.Name),
        ConfigKind.Broker or ConfigKind.BrokerLogger =>
            image.Brokers.Values.Where(broker => !broker.IsFenced).Select(broker => broker.Id.ToString(CultureInfo.InvariantCulture)),
        _ => image.Configs.All.Where(config => config.Resource.Kind == kind).Select(config => config.Resource.Name),
    };
}
