using Barnabas.Base;
using Barnabas.Cluster.Groups.Records;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>How regular expressions come into a group and out of it with its members. Stateless.</summary>
internal static class PatternUse
{
    /// <summary>What is wrong with an expression that the group does not have yet, or null.</summary>
    public static GroupRefusal? Validate(ConsumerGroup group, ConsumerMember before, ConsumerMember after)
    {
        if (after.Pattern.Length == 0 || after.Pattern == before.Pattern || group.PatternCount(after.Pattern) > 0)
        {
            return null;
        }

        return TopicPattern.Mistake(after.Pattern) is { } mistake
            ? new GroupRefusal(
                ErrorCode.InvalidRegularExpression, $"SubscribedTopicRegex `{after.Pattern}` is not a valid regular expression: {mistake}.")
            : null;
    }

    /// <summary>Forgets the expression that the member had, when no other one has it.</summary>
    public static void Drop(ConsumerGroup group, ConsumerMember before, ConsumerMember after, in GroupTurn turn)
    {
        if (before.Pattern.Length > 0 && before.Pattern != after.Pattern && group.PatternCount(before.Pattern) == 1)
        {
            turn.Decision.Add(new ConsumerPatternRecord(group.Id, before.Pattern, null));
        }
    }

    /// <summary>True when the member's change of its expression changes its topics at once: it has none now, or a known one.</summary>
    public static bool Raises(ConsumerGroup group, ConsumerMember before, ConsumerMember after) =>
        before.Pattern != after.Pattern && (after.Pattern.Length == 0 || group.Patterns.ContainsKey(after.Pattern));

    /// <summary>Has the group's expressions matched with the topics, where one is new, or the topics have changed, or it is time.</summary>
    public static void Refresh(ConsumerGroup group, ConsumerMember member, in GroupTurn turn)
    {
        if (member.Pattern.Length == 0)
        {
            return;
        }

        if (!group.Patterns.TryGetValue(member.Pattern, out var resolved)
            || turn.NowMs - resolved.TimestampMs >= turn.Coordinator.Config.Consumer.PatternRefreshIntervalMs
            || turn.Coordinator.Patterns.IsBehind(group.Id, turn.NowMs))
        {
            turn.Coordinator.Patterns.Match(group.Id);
        }
    }
}
