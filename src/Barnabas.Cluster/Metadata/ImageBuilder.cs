using System.Collections.Immutable;
using Barnabas.Base;
using Barnabas.Messages;

namespace Barnabas.Cluster.Metadata;

/// <summary>
/// Applies metadata records to an image, and remembers which topics and configurations they touched. Owned by one loop; the images it
/// builds are for everyone.
/// </summary>
internal sealed class ImageBuilder
{
    private readonly Dictionary<Uuid, TopicBuilder> _open = [];
    private MetadataImage _image = MetadataImage.Empty;
    private MetadataImage? _beforeTransaction;

    /// <summary>Topics touched since the last <see cref="TakeChanges"/>.</summary>
    private HashSet<Uuid> _topics = [];

    private HashSet<ConfigResource> _configs = [];

    /// <summary>True between the first and the last record of a change that spans several batches; nobody may see the image then.</summary>
    public bool IsInTransaction => _beforeTransaction is not null;

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        _open.Clear();
        _image = MetadataImage.Empty;
        _beforeTransaction = null;
        TakeChanges();
    }

    /// <summary>The image after all that was applied.</summary>
    public MetadataImage Build(long endOffset, int epoch, long timestampMs)
    {
        CloseTopics();
        return _image = _image with { EndOffset = endOffset, Epoch = epoch, TimestampMs = timestampMs };
    }

    /// <summary>Topics and configurations touched since the last call.</summary>
    public (HashSet<Uuid> Topics, HashSet<ConfigResource> Configs) TakeChanges()
    {
        var taken = (_topics, _configs);
        _topics = [];
        _configs = [];
        return taken;
    }

    /// <summary>Applies one record.</summary>
    /// <exception cref="MalformedException">It speaks of something that is not there: the log is not what a controller writes.</exception>
    public void Apply(MetadataRecord record)
    {
        switch (record.Type)
        {
            case BeginTransactionRecord.RecordType:
                CloseTopics();
                _beforeTransaction = _image;
                break;
            case EndTransactionRecord.RecordType:
                _beforeTransaction = null;
                break;
            case AbortTransactionRecord.RecordType:
                _open.Clear();
                _image = _beforeTransaction ?? throw new MalformedException("the metadata aborts a transaction that was not begun");
                _beforeTransaction = null;
                break;
            case NoOpRecord.RecordType or ZkMigrationStateRecord.RecordType:
                break;
            default:
                if (!ApplyTopic(record.Message) && !ApplyNode(record.Message) && !ApplyKept(record.Message))
                {
                    ApplyRest(record);
                }

                break;
        }
    }

    private bool ApplyTopic(IMessage message)
    {
        switch (message)
        {
            case TopicRecord topic:
                _open[topic.TopicId] = new TopicBuilder(topic.Name, topic.TopicId, []);
                _topics.Add(topic.TopicId);
                return true;
            case PartitionRecord partition:
                Open(partition.TopicId).Set(partition.PartitionId, PartitionImage.Of(partition));
                return true;
            case PartitionChangeRecord change:
                var changed = Open(change.TopicId);
                changed.Set(change.PartitionId, changed.Get(change.PartitionId).After(change));
                return true;
            case RemoveTopicRecord removed:
                CloseTopics();
                var gone = _image.Topics.Find(removed.TopicId) ?? throw Missing("topic", removed.TopicId);
                var resource = new ConfigResource(ConfigKind.Topic, gone.Name);
                _image = _image with { Topics = _image.Topics.Without(gone), Configs = _image.Configs.Without(resource) };
                _topics.Add(gone.Id);
                _configs.Add(resource);
                return true;
            case ClearElrRecord clear:
                ClearElr(clear.TopicName);
                return true;
            default:
                return false;
        }
    }

    private bool ApplyNode(IMessage message)
    {
        switch (message)
        {
            case RegisterBrokerRecord broker:
                SetBroker(BrokerImage.Of(broker));
                return true;
            case UnregisterBrokerRecord broker:
                _image = _image with { Brokers = _image.Brokers.Remove(FindBroker(broker.BrokerId, broker.BrokerEpoch).Id) };
                return true;
            case BrokerRegistrationChangeRecord change:
                SetBroker(FindBroker(change.BrokerId, change.BrokerEpoch).After(change));
                return true;
            case FenceBrokerRecord fence:
                SetBroker(FindBroker(fence.Id, fence.Epoch) with { IsFenced = true });
                return true;
            case UnfenceBrokerRecord unfence:
                SetBroker(FindBroker(unfence.Id, unfence.Epoch) with { IsFenced = false });
                return true;
            case RegisterControllerRecord controller:
                _image = _image with { Controllers = _image.Controllers.Set(controller.ControllerId, ControllerImage.Of(controller)) };
                return true;
            default:
                return false;
        }
    }

    private bool ApplyKept(IMessage message)
    {
        var kept = message switch
        {
            ClientQuotaRecord quota => _image.Kept.With(quota),
            UserScramCredentialRecord credential => _image.Kept.With(credential),
            RemoveUserScramCredentialRecord credential => _image.Kept.Without(credential),
            AccessControlEntryRecord right => _image.Kept.With(right),
            RemoveAccessControlEntryRecord right => _image.Kept.Without(right),
            DelegationTokenRecord token => _image.Kept.With(token),
            RemoveDelegationTokenRecord token => _image.Kept.Without(token),
            _ => null,
        };
        if (kept is not null)
        {
            _image = _image with { Kept = kept };
        }

        return kept is not null;
    }

    private void ApplyRest(MetadataRecord record)
    {
        switch (record.Message)
        {
            case ConfigRecord config:
                var resource = new ConfigResource((ConfigKind)config.ResourceType, config.ResourceName);
                _image = _image with { Configs = _image.Configs.With(resource, config.Name, config.Value) };
                _configs.Add(resource);
                break;
            case FeatureLevelRecord feature:
                CheckLevel(feature);
                _image = _image with { Features = _image.Features.With(feature.Name, feature.FeatureLevel) };
                break;
            case ProducerIdsRecord ids:
                _image = _image with { NextProducerId = ids.NextProducerId };
                break;
            default:
                throw new MalformedException($"the metadata holds a record of type {record.Type}, which nothing applies");
        }
    }

    private static void CheckLevel(FeatureLevelRecord feature)
    {
        if (feature.Name == MetadataVersion.FeatureName
            && (feature.FeatureLevel < MetadataVersion.Lowest.Level || feature.FeatureLevel > MetadataVersion.Highest.Level))
        {
            throw new MalformedException(
                $"the cluster runs at metadata.version {feature.FeatureLevel}, and this version of Barnabas supports "
                + $"{MetadataVersion.Lowest.Level} to {MetadataVersion.Highest.Level}");
        }
    }

    private void ClearElr(string topicName)
    {
        CloseTopics();
        var topics = topicName.Length == 0 ? _image.Topics.All : [_image.Topics.Find(topicName) ?? throw Missing("topic", topicName)];
        foreach (var topic in topics)
        {
            for (var i = 0; i < topic.Partitions.Length; i++)
            {
                if (topic.Partitions[i] is { EligibleLeaderReplicas.Length: > 0 } or { LastKnownElr.Length: > 0 })
                {
                    Open(topic.Id).Set(i, topic.Partitions[i] with { EligibleLeaderReplicas = [], LastKnownElr = [] });
                }
            }
        }
    }

    private void SetBroker(BrokerImage broker) => _image = _image with { Brokers = _image.Brokers.Set(broker.Id, broker) };

    private BrokerImage FindBroker(int id, long epoch) =>
        _image.Brokers.Find(id) is { } broker && broker.Epoch == epoch ? broker : throw Missing("broker", $"{id} with epoch {epoch}");

    private TopicBuilder Open(Uuid id)
    {
        if (!_open.TryGetValue(id, out var topic))
        {
            var image = _image.Topics.Find(id) ?? throw Missing("topic", id);
            _open[id] = topic = new TopicBuilder(image.Name, id, image.Partitions);
            _topics.Add(id);
        }

        return topic;
    }

    private void CloseTopics()
    {
        if (_open.Count == 0)
        {
            return;
        }

        var topics = _image.Topics;
        foreach (var topic in _open.Values)
        {
            topics = topics.With(topic.Build());
        }

        _open.Clear();
        _image = _image with { Topics = topics };
    }

    private static MalformedException Missing(string what, object which) =>
        new($"the metadata changes {what} {which}, which it does not have");

    /// <summary>A topic whose partitions are being changed.</summary>
    private sealed class TopicBuilder(string name, Uuid id, ImmutableArray<PartitionImage> partitions)
    {
        private readonly ImmutableArray<PartitionImage>.Builder _partitions = partitions.ToBuilder();

        public PartitionImage Get(int partition) =>
            (uint)partition < (uint)_partitions.Count ? _partitions[partition] : throw Missing("partition", $"{name}-{partition}");

        public void Set(int partition, PartitionImage image)
        {
            if (partition == _partitions.Count)
            {
                _partitions.Add(image);
                return;
            }

            Get(partition);
            _partitions[partition] = image;
        }

        public TopicImage Build() => new(name, id, _partitions.DrainToImmutable());
    }
}
