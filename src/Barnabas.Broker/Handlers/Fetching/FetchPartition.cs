using Barnabas.Base;
using Barnabas.Cluster.Partitions;

namespace Barnabas.Broker.Handlers.Fetching;

/// <summary>
/// What a client wants of one partition, kept across the fetches of a session. Owned by the fetch that holds the session.
/// </summary>
internal sealed class FetchPartition
{
    /// <summary>UTF-8 name as the client wrote it; empty when it goes by id.</summary>
    public byte[] TopicName { get; set; } = [];

    /// <summary>Topic id; zero when the client goes by name.</summary>
    public Uuid TopicId { get; set; }

    public int Partition { get; set; }

    public long FetchOffset { get; set; }

    /// <summary>Epoch of the batch before <see cref="FetchOffset"/>, or -1.</summary>
    public int LastFetchedEpoch { get; set; }

    /// <summary>The leader epoch that the client believes in, or -1.</summary>
    public int CurrentLeaderEpoch { get; set; }

    public int BytesMax { get; set; }

    /// <summary>Where the partition was found last; looked up again when it fails.</summary>
    public Replica? Replica { get; set; }

    /// <summary>High watermark and log start that the session's client was told last; -1 for none yet.</summary>
    public long ToldHighWatermark { get; set; } = -1;

    public long ToldLogStart { get; set; } = -1;

    /// <summary>Makes this the entry of another partition, with nothing told of it yet.</summary>
    public void Name(Uuid topicId, ReadOnlySpan<byte> topicName, int partition)
    {
        if (TopicId != topicId || Partition != partition || !topicName.SequenceEqual(TopicName))
        {
            TopicId = topicId;
            TopicName = topicName.SequenceEqual(TopicName) ? TopicName : topicName.ToArray();
            Partition = partition;
            Replica = null;
        }
    }

    /// <summary>Finds the replica anew if the one it knows is out of service.</summary>
    public Replica? Find(ReplicaTable table)
    {
        if (Replica is { Failure: null } found)
        {
            return found;
        }

        TopicReplicas? topic;
        var known = TopicId == Uuid.Zero ? table.TryFind(TopicName, out topic) : table.TryFind(TopicId, out topic);
        return Replica = known ? topic!.Find(Partition) : null;
    }
}
