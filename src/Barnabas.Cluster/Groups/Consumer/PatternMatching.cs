using System.Collections.Immutable;
using Barnabas.Base.Loops;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>
/// Matches the regular expressions of groups with the topics, behind the heartbeat that asked: in a turn of the coordinator where that is
/// little, on a loop in the background where it is much. Soft. Owned by the loop of its coordinator.
/// </summary>
/// <param name="coordinator">Whose groups.</param>
/// <param name="background">A loop that may be busy for long; null to do everything in the coordinator's turns.</param>
internal sealed class PatternMatching(GroupCoordinator coordinator, Loop? background)
{
    private const long StepsInTurnMax = 100_000;

    private readonly Dictionary<string, (TopicsImage Topics, long AtMs)> _last = [];
    private readonly HashSet<string> _running = [];

    /// <summary>Has the group's expressions matched, unless that is being done.</summary>
    public void Match(string groupId)
    {
        if (_running.Add(groupId))
        {
            coordinator.Loop.Post(new ActionTask(() => Begin(groupId)));
        }
    }

    /// <summary>True when topics have changed since the group's expressions were matched, and that is not just now.</summary>
    public bool IsBehind(string groupId, long nowMs) => !_last.TryGetValue(groupId, out var last)
        || (!ReferenceEquals(last.Topics, coordinator.Image.Topics)
            && Math.Abs(nowMs - last.AtMs) >= ConsumerGroupConfig.PatternRefreshMinMs);

    /// <summary>Forgets what was matched, and lets what runs come to nothing.</summary>
    public void Clear()
    {
        _last.Clear();
        _running.Clear();
    }

    private void Begin(string groupId)
    {
        if (coordinator.Find(groupId) is not ConsumerGroup group || !_running.Contains(groupId))
        {
            _running.Remove(groupId);
            return;
        }

        var image = coordinator.Image;
        (string Text, TopicPattern Pattern)[] patterns =
            [.. group.MemberPatterns.Order(StringComparer.Ordinal).Select(text => (text, TopicPattern.Of(text)))];
        if (background is null || image.Topics.Count * patterns.Sum(each => each.Pattern.Size) <= StepsInTurnMax)
        {
            End(groupId, image, Resolve(patterns, image, coordinator.Loop.NowWallMs));
            return;
        }

        var nowMs = coordinator.Loop.NowWallMs;
        background.Post(new ActionTask(() =>
        {
            var resolved = Resolve(patterns, image, nowMs);
            coordinator.Loop.Post(new ActionTask(() => End(groupId, image, resolved)));
        }));
    }

    private void End(string groupId, MetadataImage image, SortedDictionary<string, ResolvedPattern> resolved)
    {
        if (_running.Remove(groupId) && coordinator.IsActive)
        {
            _last[groupId] = (image.Topics, coordinator.Loop.NowWallMs);
            coordinator.Submit(new PatternsMatchedChore(groupId, resolved));
        }
    }

    private static SortedDictionary<string, ResolvedPattern> Resolve(
        (string Text, TopicPattern Pattern)[] patterns, MetadataImage image, long nowMs)
    {
        var resolved = new SortedDictionary<string, ResolvedPattern>(StringComparer.Ordinal);
        foreach (var (text, pattern) in patterns)
        {
            var topics = pattern.Match(image.Topics.All.Select(topic => topic.Name));
            resolved[text] = new ResolvedPattern(topics, image.EndOffset, nowMs);
        }

        return resolved;
    }
}

/// <summary>
/// Expressions of a group were matched: their topics are recorded, and the group moves on where they are others than before.
/// </summary>
internal sealed class PatternsMatchedChore(string groupId, SortedDictionary<string, ResolvedPattern> resolved) : GroupChore
{
    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        if (machine.Find(groupId) is not ConsumerGroup group)
        {
            return;
        }

        var after = new Dictionary<string, ResolvedPattern>(group.Patterns);
        var changed = false;
        foreach (var (pattern, matched) in resolved)
        {
            if (group.PatternCount(pattern) == 0)
            {
                continue;
            }

            var before = group.Patterns.GetValueOrDefault(pattern);
            var differs = !(before?.Topics.SequenceEqual(matched.Topics) ?? false);
            if (differs || matched.TimestampMs - before!.TimestampMs >= machine.Config.Consumer.PatternRefreshIntervalMs)
            {
                decision.Add(new ConsumerPatternRecord(groupId, pattern, matched.ToValue()));
                after[pattern] = matched;
                changed |= differs;
            }
        }

        if (changed)
        {
            GroupEpoch.Raise(
                group, GroupTopics.Of(after, group.Members, machine.Image), new GroupTurn(machine, decision, nowMs));
        }
    }
}
