using Barnabas.Cluster.Metadata;

namespace Barnabas.Broker.Handlers.Admin;

/// <summary>What several answers say of a partition in the same way. Stateless.</summary>
internal static class PartitionView
{
    /// <summary>The replicas whose broker is fenced or not registered, or whose log directory is offline.</summary>
    public static List<int> Offline(MetadataImage image, PartitionImage partition)
    {
        var offline = new List<int>();
        foreach (var id in partition.Replicas)
        {
            if (image.Brokers.Find(id) is not { IsFenced: false } broker || !broker.HasOnline(partition.DirectoryOf(id)))
            {
                offline.Add(id);
            }
        }

        return offline;
    }
}
