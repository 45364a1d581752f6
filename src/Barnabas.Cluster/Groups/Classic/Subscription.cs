using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Classic;

/// <summary>Reads what consumers tell each other about their topics; the coordinator looks only to refuse and to expire offsets.</summary>
internal static class Subscription
{
    /// <summary>All topics of a group's members; empty for a group without, null where a member's bytes are not a subscription.</summary>
    public static SortedSet<string>? Of(ClassicGroup group)
    {
        if (group.ProtocolType is null)
        {
            return null;
        }

        var topics = new SortedSet<string>(StringComparer.Ordinal);
        if (group.IsEmpty)
        {
            return topics;
        }

        if (!group.HasConsumers || group.ProtocolName is null)
        {
            return null;
        }

        foreach (var member in group.Members)
        {
            if (!TryRead(member.MetadataOf(group.ProtocolName), topics))
            {
                return null;
            }
        }

        return topics;
    }

    private static bool TryRead(byte[] metadata, SortedSet<string> topics)
    {
        try
        {
            var reader = new ByteReader(metadata);
            var version = reader.ReadInt16();
            if (version < 0)
            {
                return false;
            }

            // A version that came later begins with what is known.
            version = Math.Min(version, ConsumerProtocolSubscription.HighestVersion);
            var subscription = MessageCodec.Decode<ConsumerProtocolSubscription>(reader.ReadSpan(reader.Remaining), version);
            topics.UnionWith(subscription.Topics);
            return true;
        }
        catch (MalformedException)
        {
            return false;
        }
    }
}
