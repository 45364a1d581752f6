using Barnabas.Cluster.Metadata;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>
/// The metadata with which a group's topics were last found to be as its epoch says, so that heartbeats look again only when something has
/// changed. Soft. Owned by the loop of its coordinator.
/// </summary>
internal sealed class TopicWatch
{
    private TopicsImage? _topics;
    private object? _brokers;

    /// <summary>True when neither topics nor brokers have changed since.</summary>
    public bool HasSeen(MetadataImage image) => ReferenceEquals(_topics, image.Topics) && ReferenceEquals(_brokers, image.Brokers);

    /// <summary>The topics are as the epoch says.</summary>
    public void See(MetadataImage image) => (_topics, _brokers) = (image.Topics, image.Brokers);
}
