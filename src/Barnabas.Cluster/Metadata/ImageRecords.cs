using Barnabas.Messages;

namespace Barnabas.Cluster.Metadata;

/// <summary>The records that make an image, for a snapshot. Stateless.</summary>
public static class ImageRecords
{
    /// <summary>All records, in an order in which each finds what it speaks of.</summary>
    public static IEnumerable<MetadataRecord> Of(MetadataImage image)
    {
        var version = image.Features.MetadataVersion;
        return Features(image.Features)
            .Concat(image.Brokers.Values.Select(broker => broker.ToRecord(version)))
            .Concat(version.HasControllerRegistration ? image.Controllers.Values.Select(controller => controller.ToRecord()) : [])
            .Concat(image.Topics.All.SelectMany(topic => Topic(topic, version)))
            .Concat(image.Configs.All.SelectMany(Configs))
            .Concat(image.Kept.Quotas.Select(quota => new MetadataRecord(ClientQuotaRecord.RecordType, 0, quota)))
            .Concat(Last(image));
    }

    private static IEnumerable<MetadataRecord> Features(FeaturesImage features)
    {
        // The metadata version first: it says how all that follows may be read.
        if (features.HasMetadataVersion)
        {
            yield return Level(MetadataVersion.FeatureName, features.MetadataVersion.Level);
        }

        foreach (var feature in features.All)
        {
            if (feature.Name != MetadataVersion.FeatureName)
            {
                yield return Level(feature.Name, feature.Level);
            }
        }
    }

    /// <summary>The record that sets a feature to a level.</summary>
    public static MetadataRecord Level(string name, short level) =>
        new(FeatureLevelRecord.RecordType, 0, new FeatureLevelRecord { Name = name, FeatureLevel = level });

    private static IEnumerable<MetadataRecord> Topic(TopicImage topic, MetadataVersion version)
    {
        yield return new MetadataRecord(TopicRecord.RecordType, 0, new TopicRecord { Name = topic.Name, TopicId = topic.Id });
        for (var i = 0; i < topic.Partitions.Length; i++)
        {
            yield return topic.Partitions[i].ToRecord(topic.Id, i, version);
        }
    }

    private static IEnumerable<MetadataRecord> Configs(ConfigImage config)
    {
        foreach (var (key, value) in config.Values.Entries)
        {
            yield return new MetadataRecord(ConfigRecord.RecordType, 0, new ConfigRecord
            {
                ResourceType = (sbyte)config.Resource.Kind, ResourceName = config.Resource.Name, Name = key, Value = value,
            });
        }
    }

    private static IEnumerable<MetadataRecord> Last(MetadataImage image)
    {
        if (image.NextProducerId > 0)
        {
            yield return new MetadataRecord(ProducerIdsRecord.RecordType, 0, new ProducerIdsRecord
            {
                BrokerId = -1, BrokerEpoch = -1, NextProducerId = image.NextProducerId,
            });
        }

        foreach (var credential in image.Kept.ScramCredentials)
        {
            yield return new MetadataRecord(UserScramCredentialRecord.RecordType, 0, credential);
        }

        foreach (var right in image.Kept.AccessRights)
        {
            yield return new MetadataRecord(AccessControlEntryRecord.RecordType, 0, right);
        }

        foreach (var token in image.Kept.DelegationTokens)
        {
            yield return new MetadataRecord(DelegationTokenRecord.RecordType, 0, token);
        }
    }
}
