using System.Collections.Immutable;
using Barnabas.Base;
using Barnabas.Cluster.Metadata;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>
/// What the members of a consumer group subscribe to, resolved with one state of the metadata. Made for one decision.
/// </summary>
internal sealed class GroupTopics
{
    private readonly SortedDictionary<string, TopicImage> _topics = new(StringComparer.Ordinal);
    private readonly IReadOnlyDictionary<string, ResolvedPattern> _patterns;
    private readonly MetadataImage _image;

    private GroupTopics(IReadOnlyDictionary<string, ResolvedPattern> patterns, MetadataImage image)
    {
        _patterns = patterns;
        _image = image;
    }

    /// <summary>The topics of these members together, of those that exist.</summary>
    public static GroupTopics Of(ConsumerGroup group, IEnumerable<ConsumerMember> members, MetadataImage image) =>
        Of(group.Patterns, members, image);

    /// <summary>As above, with patterns that are not the group's yet.</summary>
    public static GroupTopics Of(
        IReadOnlyDictionary<string, ResolvedPattern> patterns, IEnumerable<ConsumerMember> members, MetadataImage image)
    {
        var topics = new GroupTopics(patterns, image);
        ConsumerMember? last = null;
        foreach (var member in members)
        {
            // Most groups have one subscription, many times over.
            if (last is not null && last.Topics.SequenceEqual(member.Topics) && last.Pattern == member.Pattern)
            {
                continue;
            }

            last = member;
            topics.Add(member);
        }

        return topics;
    }

    /// <summary>A number that changes when a topic comes, goes, grows or moves to other racks.</summary>
    public long Hash(MetadataImage image) => TopicHash.OfGroup(_topics.Values, image);

    /// <summary>Ids of the topics that the member subscribes to, of those that exist. Sorted.</summary>
    public ImmutableArray<Uuid> IdsOf(ConsumerMember member)
    {
        var ids = new SortedSet<Uuid>();
        foreach (var name in NamesOf(member))
        {
            if (_image.Topics.Find(name) is { } topic)
            {
                ids.Add(topic.Id);
            }
        }

        return [.. ids];
    }

    private void Add(ConsumerMember member)
    {
        foreach (var name in NamesOf(member))
        {
            if (!_topics.ContainsKey(name) && _image.Topics.Find(name) is { } topic)
            {
                _topics.Add(name, topic);
            }
        }
    }

    private IEnumerable<string> NamesOf(ConsumerMember member) =>
        member.Pattern.Length > 0 && _patterns.TryGetValue(member.Pattern, out var resolved)
            ? member.Topics.Concat(resolved.Topics)
            : member.Topics;
}
