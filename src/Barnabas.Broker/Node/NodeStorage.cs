using System.Collections.Immutable;
using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Broker.Config;
using Barnabas.Broker.Logging;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Raft;
using Barnabas.Log.Directories;

namespace Barnabas.Broker.Node;

/// <summary>What the storage of a node is opened with.</summary>
/// <param name="Config">The node's configuration.</param>
/// <param name="Disk">Where the directories are.</param>
/// <param name="Clock">Stamps what is formatted.</param>
/// <param name="Randomness">Draws the ids of what is formatted.</param>
/// <param name="Controller">This node as a voter, where a new cluster is formatted.</param>
/// <param name="Log">Told what was formatted, and what is offline.</param>
internal sealed record NodeStorageSetup(
    BrokerConfig Config, IDisk Disk, IClock Clock, Randomness Randomness, VoterEndpoint Controller, OperatorLog Log);

/// <summary>
/// Opens the data directories of a node: empty ones are formatted, for a new cluster or for that of the others; one whose disk fails is
/// offline, unless it holds the metadata. Stateless; blocks.
/// </summary>
internal static class NodeStorage
{
    /// <summary>Locks the directories of the configuration.</summary>
    /// <exception cref="StartupException">A directory is not this node's to use, or they do not belong together.</exception>
    /// <exception cref="IOException">The disk of the metadata failed, or of every directory.</exception>
    public static NodeDirectories Open(NodeStorageSetup setup)
    {
        var config = setup.Config;
        var opened = new Dictionary<string, LogDirectory>(StringComparer.Ordinal);
        var offline = new Dictionary<string, IOException>(StringComparer.Ordinal);
        NodeDirectories? directories = null;
        try
        {
            var paths = config.LogDirs.Append(config.MetadataLogDir).Distinct().ToList();
            var empty = paths.FindAll(path => IsEmpty(setup, path, offline));
            var formatted = paths.FindAll(path => !empty.Contains(path) && !offline.ContainsKey(path));
            if (formatted.Count == 0 && empty.Contains(config.MetadataLogDir))
            {
                FormatCluster(setup);
                formatted.Add(config.MetadataLogDir);
                empty.Remove(config.MetadataLogDir);
            }

            formatted.ForEach(path => Open(setup, path, opened, offline));
            CheckMetadata(config, opened);
            CheckTogether(config, opened);
            var cluster = opened[config.MetadataLogDir].Meta;
            foreach (var path in empty)
            {
                Guard(setup, path, offline, () =>
                    LogDirectory.Format(setup.Disk, path, cluster with { DirectoryId = setup.Randomness.NextUuid() }));
                Open(setup, path, opened, offline);
                setup.Log.Info("storage", $"formatted {path} for the cluster of {config.MetadataLogDir}");
            }

            return directories = Gather(config, opened, offline);
        }
        catch (LogDirectoryException e)
        {
            throw new StartupException(e.Message, e);
        }
        finally
        {
            if (directories is null)
            {
                foreach (var directory in opened.Values)
                {
                    directory.Dispose();
                }
            }
        }
    }

    /// <summary>This node as a voter of its quorum.</summary>
    public static Voter Voter(BrokerConfig config, Uuid directoryId, VoterEndpoint controller) =>
        new(new ReplicaKey(config.NodeId, directoryId), ImmutableArray.Create(controller), 0, 1);

    private static bool IsEmpty(NodeStorageSetup setup, string path, Dictionary<string, IOException> offline)
    {
        var kind = DirectoryKind.Kafka;
        Guard(setup, path, offline, () => kind = LogDirectory.Inspect(
            setup.Disk, path, entry => QuorumFormat.IsUnfinished(setup.Disk, path, entry)));
        return kind == DirectoryKind.Empty;
    }

    private static void Open(
        NodeStorageSetup setup, string path, Dictionary<string, LogDirectory> opened, Dictionary<string, IOException> offline)
    {
        if (!offline.ContainsKey(path))
        {
            Guard(setup, path, offline, () =>
                opened[path] = LogDirectory.Open(setup.Disk, path, setup.Randomness.NextUuid()));
        }
    }

    // The metadata's directory has to work, and so has the only one.
    private static void Guard(NodeStorageSetup setup, string path, Dictionary<string, IOException> offline, Action action)
    {
        try
        {
            action();
        }
        catch (IOException e) when (path != setup.Config.MetadataLogDir && offline.Count < setup.Config.LogDirs.Length - 1)
        {
            offline[path] = e;
            setup.Log.Error("storage", $"{path} is offline: {e.Message}; the other directories go on");
        }
    }

    private static void CheckMetadata(BrokerConfig config, Dictionary<string, LogDirectory> opened)
    {
        if (!opened.ContainsKey(config.MetadataLogDir))
        {
            var other = opened.Keys.First();
            throw new StartupException(
                $"{other} belongs to a cluster, but {config.MetadataLogDir}, where the metadata has to be, is empty; "
                + "put the directory of the metadata first in log.dirs, or name it in metadata.log.dir");
        }
    }

    private static void CheckTogether(BrokerConfig config, Dictionary<string, LogDirectory> opened)
    {
        var main = opened[config.MetadataLogDir];
        var ids = new Dictionary<Uuid, string>();
        foreach (var (path, directory) in opened)
        {
            if (directory.Meta.NodeId != config.NodeId)
            {
                throw new StartupException(
                    $"{path} belongs to node {directory.Meta.NodeId}, but node.id is {config.NodeId}; "
                    + $"set node.id={directory.Meta.NodeId}, or give another directory with --data");
            }

            if (directory != main && directory.Partitions.Any(p => p.Partition.Topic == TopicNames.ClusterMetadata))
            {
                throw new StartupException(
                    $"the metadata of the cluster lies in {path}, but metadata.log.dir is {main.Path}; set metadata.log.dir={path}");
            }

            if (directory.Meta.ClusterId != main.Meta.ClusterId)
            {
                throw new StartupException(
                    $"{path} belongs to cluster {directory.Meta.ClusterId}, but {main.Path} to cluster {main.Meta.ClusterId}; "
                    + "take one of them out of log.dirs");
            }

            if (!ids.TryAdd(directory.Id, path))
            {
                throw new StartupException(
                    $"{path} and {ids[directory.Id]} have the same directory.id {directory.Id}: one is a copy of the other; "
                    + "take the copy out of log.dirs");
            }
        }
    }

    private static NodeDirectories Gather(
        BrokerConfig config, Dictionary<string, LogDirectory> opened, Dictionary<string, IOException> offline) => new()
        {
            Metadata = opened[config.MetadataLogDir],
            Logs = [.. config.LogDirs.Where(opened.ContainsKey).Select(path => opened[path])],
            Offline = offline.Where(o => config.LogDirs.Contains(o.Key)).ToDictionary(),
        };

    // The metadata first: meta.properties says that all of it is there.
    private static void FormatCluster(NodeStorageSetup setup)
    {
        var path = setup.Config.MetadataLogDir;
        setup.Disk.CreateDirectory(path);
        var directoryId = setup.Randomness.NextUuid();
        QuorumFormat.Run(setup.Disk, path, Voter(setup.Config, directoryId, setup.Controller), setup.Clock.WallMs);
        LogDirectory.Format(
            setup.Disk, path, new MetaProperties(setup.Randomness.NextUuid().ToString(), setup.Config.NodeId, directoryId));
        setup.Log.Info("storage", $"formatted {path} for a new cluster of one node");
    }
}
