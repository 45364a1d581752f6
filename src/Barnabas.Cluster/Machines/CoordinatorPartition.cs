namespace Barnabas.Cluster.Machines;

/// <summary>Which partition of a coordinators' topic a name lives on. Stateless.</summary>
public static class CoordinatorPartition
{
    /// <summary>
    /// The absolute value of the hash that Java gives the name (0 for the one that has none), modulo the partitions: the same in every
    /// broker, run and language.
    /// </summary>
    public static int Of(string name, int partitions)
    {
        var hash = 0;
        foreach (var unit in name)
        {
            hash = unchecked((31 * hash) + unit);
        }

        return hash == int.MinValue ? 0 : Math.Abs(hash) % partitions;
    }
}
