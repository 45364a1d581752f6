using Barnabas.Cluster.Metadata;

namespace Barnabas.Cluster.Controller;

/// <summary>Which names a topic may have. Stateless.</summary>
public static class TopicNames
{
    /// <summary>Characters of the longest name.</summary>
    public const int LengthMax = 249;

    /// <summary>The quorum's own log, which is no topic that clients may make.</summary>
    public const string ClusterMetadata = "__cluster_metadata";

    /// <summary>Topics that the broker makes for itself.</summary>
    public static bool IsInternal(string name) => name is "__consumer_offsets" or "__transaction_state" or "__share_group_state";

    /// <summary>What is wrong with a name, in Kafka's words; null for nothing.</summary>
    public static string? Problem(string name)
    {
        if (name.Length == 0)
        {
            return "Topic name is invalid: the empty string is not allowed";
        }

        if (name is "." or "..")
        {
            return $"Topic name is invalid: '{name}' is not allowed";
        }

        if (name.Length > LengthMax)
        {
            return $"Topic name is invalid: the length of '{name}' is longer than the max allowed length {LengthMax}";
        }

        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
            {
                return $"Topic name is invalid: '{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'";
            }
        }

        return null;
    }

    /// <summary>
    /// A topic whose name becomes the same when dots are written as underscores, as metric names have them; null for none.
    /// </summary>
    public static string? CollidesWith(string name, TopicsImage topics)
    {
        if (!name.Contains('.') && !name.Contains('_'))
        {
            return null;
        }

        var plain = name.Replace('.', '_');
        foreach (var topic in topics.All)
        {
            if (topic.Name.Length == name.Length && topic.Name != name && topic.Name.Replace('.', '_') == plain)
            {
                return topic.Name;
            }
        }

        return null;
    }
}
