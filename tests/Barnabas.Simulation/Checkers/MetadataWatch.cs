using Barnabas.Cluster.Metadata;

namespace Barnabas.Simulation.Checkers;

/// <summary>What was published of the metadata is there after every restart. Owned by the world.</summary>
internal sealed class MetadataWatch
{
    private MetadataImage? _last;
    private readonly HashSet<long> _producerIds = [];

    /// <summary>The image that a node had published when it ended.</summary>
    public void Ended(MetadataImage image) => _last = image;

    /// <summary>
    /// What the next life has published when it answers its first client: nothing that was published before may be missing, but for topics
    /// that somebody has asked to delete.
    /// </summary>
    public void Opened(MetadataImage image, IEnumerable<TopicModel> topics)
    {
        if (_last is not { } before)
        {
            return;
        }

        ViolationException.Unless(
            image.EndOffset > before.EndOffset, $"metadata up to {before.EndOffset} was published, {image.EndOffset} came back");
        foreach (var topic in before.Topics.All)
        {
            var there = image.Topics.Find(topic.Id);
            ViolationException.Unless(
                there is null ? topics.Any(t => t.Id == topic.Id && t.IsDeleteAsked) : Says(there, image) == Says(topic, before),
                $"topic {topic.Name} was published as {Says(topic, before)} and is {(there is null ? "gone" : Says(there, image))}");
        }
    }

    /// <summary>True when somebody has the producer id.</summary>
    public bool Knows(long producerId) => _producerIds.Contains(producerId);

    /// <summary>A producer was given an id: nobody else ever has it.</summary>
    public void GaveProducerId(long id) => ViolationException.Unless(_producerIds.Add(id), $"producer id {id} was given twice");

    private static string Says(TopicImage topic, MetadataImage image)
    {
        var flushes = image.Configs.Of(new ConfigResource(ConfigKind.Topic, topic.Name)).Entries
            .FirstOrDefault(entry => entry.Key == "barnabas.flush.on.ack").Value;
        return $"{topic.Name}, {topic.Partitions.Length} partitions, barnabas.flush.on.ack={flushes}";
    }
}
