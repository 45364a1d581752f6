namespace Barnabas.Cluster.Groups;

/// <summary>Which partition of <c>__consumer_offsets</c> a group lives on.</summary>
public static class GroupPartition
{
    /// <summary>The topic of all groups and committed offsets.</summary>
    public const string Topic = "__consumer_offsets";

    /// <summary>
    /// The partition of a group, by the absolute value of the hash that Java gives its name (0 for the one that has none): the same in
    /// every broker, run and language.
    /// </summary>
    public static int Of(string groupId, int partitions)
    {
        var hash = 0;
        foreach (var unit in groupId)
        {
            hash = unchecked((31 * hash) + unit);
        }

        return hash == int.MinValue ? 0 : Math.Abs(hash) % partitions;
    }
}
