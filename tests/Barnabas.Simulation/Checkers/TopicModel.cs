using Barnabas.Base;
using Barnabas.Cluster.Metadata;

namespace Barnabas.Simulation.Checkers;

/// <summary>A topic as its administrators know it. Owned by the world.</summary>
internal sealed class TopicModel(string name, Uuid id, int partitions, bool flushesOnAck)
{
    /// <summary>How names begin that several topics have, one after the other: clients call them by their ids.</summary>
    public const string AgainPrefix = "again";

    public string Name => name;

    /// <summary>How long a compacted topic keeps its tombstones, wall-clock milliseconds.</summary>
    public const long DeleteRetentionMs = 2_000;

    /// <summary>True where the newest value of a key is what counts.</summary>
    public bool IsCompacted { get; init; }

    /// <summary>True when only its id says which topic is meant.</summary>
    public bool NeedsId => name.StartsWith(AgainPrefix, StringComparison.Ordinal);

    public Uuid Id => id;

    public int Partitions => partitions;

    /// <summary>True when its acknowledgements promise to survive a power cut.</summary>
    public bool FlushesOnAck => flushesOnAck;

    /// <summary>True once somebody has tried to delete it.</summary>
    public bool IsDeleteAsked { get; set; }

    /// <summary>True once somebody was told that it is deleted.</summary>
    public bool IsDeleted { get; set; }

    /// <summary>The last value of <c>retention.bytes</c> that was acknowledged; null where another one may have come since.</summary>
    public string? RetentionBytes { get; set; }

    /// <summary>What was acknowledged has to be in the metadata.</summary>
    public void Match(MetadataImage image)
    {
        var there = image.Topics.Find(id);
        ViolationException.Unless(IsDeleteAsked || there is not null, $"topic {name} was created and is gone");
        ViolationException.Unless(!IsDeleted || there is null, $"topic {name} was deleted and is there again");
        if (there is not null && RetentionBytes is not null)
        {
            var set = image.Configs.Of(new ConfigResource(ConfigKind.Topic, name)).Entries
                .FirstOrDefault(entry => entry.Key == "retention.bytes").Value;
            ViolationException.Unless(set == RetentionBytes, $"topic {name}: retention.bytes was set to {RetentionBytes} and is {set}");
        }
    }
}
