using System.Collections.Immutable;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>The topics that an expression matched. Immutable.</summary>
/// <param name="Topics">Their names, in ordinal order.</param>
/// <param name="Version">End offset of the metadata that it was matched with.</param>
/// <param name="TimestampMs">When that was, wall-clock milliseconds.</param>
internal sealed record ResolvedPattern(ImmutableArray<string> Topics, long Version, long TimestampMs)
{
    /// <summary>As the record says.</summary>
    public static ResolvedPattern Of(ConsumerGroupRegularExpressionValue value) =>
        new(MemberRecords.Names(value.Topics), value.Version, value.Timestamp);

    /// <summary>As a record says it.</summary>
    public ConsumerGroupRegularExpressionValue ToValue() =>
        new() { Topics = [.. Topics], Version = Version, Timestamp = TimestampMs };
}
