namespace Barnabas.Cluster.Metadata;

/// <summary>Is told of every change of the metadata, in order.</summary>
public interface IMetadataSubscriber
{
    /// <summary>
    /// New metadata is published. Called on the metadata loop: a subscriber posts to its own loops, and returns at once.
    /// </summary>
    void OnMetadata(MetadataDelta delta);
}

/// <summary>
/// Where everyone finds the newest committed metadata. Written by the metadata loop alone, one volatile write an image; any thread reads.
/// </summary>
public sealed class MetadataPublisher
{
    private readonly List<IMetadataSubscriber> _subscribers = [];
    private MetadataImage _image = MetadataImage.Empty;

    /// <summary>The newest committed image. Take it once and use it: a second look may give another.</summary>
    public MetadataImage Image => Volatile.Read(ref _image);

    /// <summary>
    /// Adds a subscriber and tells it all there is. Metadata loop, or before that loop runs.
    /// </summary>
    public void Subscribe(IMetadataSubscriber subscriber)
    {
        _subscribers.Add(subscriber);
        if (!ReferenceEquals(_image, MetadataImage.Empty))
        {
            subscriber.OnMetadata(Whole(_image));
        }
    }

    /// <summary>Adds a subscriber that has taken in the image already. Metadata loop.</summary>
    public void SubscribeToChanges(IMetadataSubscriber subscriber) => _subscribers.Add(subscriber);

    internal void Publish(MetadataDelta delta)
    {
        Volatile.Write(ref _image, delta.After);
        foreach (var subscriber in _subscribers)
        {
            subscriber.OnMetadata(delta);
        }
    }

    private static MetadataDelta Whole(MetadataImage image) => new(
        MetadataImage.Empty,
        image,
        image.Topics.All.Select(topic => topic.Id).ToList(),
        image.Configs.All.Select(config => config.Resource).ToList());
}
