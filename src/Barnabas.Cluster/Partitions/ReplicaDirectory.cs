using Barnabas.Base;
using Barnabas.Log.Directories;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// One log directory of a running broker: its files, its health, and the shards of the replicas in it, which no other directory's replicas
/// share. Immutable but for the count, which belongs to <see cref="LocalReplicas"/>.
/// </summary>
/// <param name="files">The directory itself, locked by this broker.</param>
/// <param name="health">What is known of its disk.</param>
/// <param name="shards">Homes of its replicas.</param>
public sealed class ReplicaDirectory(LogDirectory files, DirectoryHealth health, ShardSet shards)
{
    public LogDirectory Files => files;

    public DirectoryHealth Health => health;

    public ShardSet Shards => shards;

    /// <summary>The id by which the metadata knows the directory.</summary>
    public Uuid Id => files.Id;

    /// <summary>False once it has failed. Any thread.</summary>
    public bool IsOnline => health.Failure is null;

    /// <summary>Partitions that live here or are on their way here: a new one goes where there are fewest.</summary>
    internal int PartitionCount { get; set; }
}
