using Barnabas.Broker.Config;
using Barnabas.Cluster.Metadata;
using Barnabas.Log;

namespace Barnabas.Broker.Node;

/// <summary>
/// The configuration in force, with what was set at run time. Written by the metadata loop, which tells it of every change first; any
/// thread reads.
/// </summary>
internal sealed class LiveConfig : IMetadataSubscriber
{
    private readonly BrokerConfig _atStart;
    private BrokerConfig _broker;

    /// <summary>Begins with nothing set at run time.</summary>
    public LiveConfig(BrokerConfig atStart)
    {
        _atStart = atStart;
        _broker = atStart;
    }

    /// <summary>The broker's configuration now.</summary>
    public BrokerConfig Broker => Volatile.Read(ref _broker);

    /// <summary>Told on the metadata loop of a configuration that takes the place of another.</summary>
    public Action<BrokerConfig>? Changed { get; set; }

    /// <inheritdoc/>
    public void OnMetadata(MetadataDelta delta)
    {
        if (delta.ChangedConfigs.Any(resource => resource.Kind == ConfigKind.Broker))
        {
            var configs = delta.After.Configs;
            var name = _atStart.NodeId.ToString(System.Globalization.CultureInfo.InvariantCulture);
            Volatile.Write(ref _broker, _atStart.WithDynamic(
                configs.Of(ConfigResource.ClusterDefault).Entries, configs.Of(new ConfigResource(ConfigKind.Broker, name)).Entries));
            Changed?.Invoke(Broker);
        }
    }

    /// <summary>The configuration of a topic's logs.</summary>
    public LogConfig OfTopic(MetadataImage image, string topic) =>
        Broker.Topic(image.Configs.Of(new ConfigResource(ConfigKind.Topic, topic)).Entries).Log;
}
