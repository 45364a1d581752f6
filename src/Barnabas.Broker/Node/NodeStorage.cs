using System.Collections.Immutable;
using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Broker.Config;
using Barnabas.Broker.Logging;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Raft;
using Barnabas.Log.Directories;

namespace Barnabas.Broker.Node;

/// <summary>Opens the data directory of a node, and formats an empty one. Stateless; blocks.</summary>
internal static class NodeStorage
{
    /// <summary>Locks the directory of the configuration; what was empty is made a new cluster of one voter.</summary>
    /// <exception cref="StartupException">The directory is not this node's to use.</exception>
    public static LogDirectory Open(
        BrokerConfig config, IDisk disk, IClock clock, Randomness randomness, VoterEndpoint controller, OperatorLog log)
    {
        if (config.LogDirs.Length > 1 || config.MetadataLogDir != config.LogDirs[0])
        {
            throw new StartupException(
                $"log.dirs names {config.LogDirs.Length} directories, but this version keeps everything in one; name one, "
                + "and leave out metadata.log.dir");
        }

        var path = config.LogDirs[0];
        try
        {
            if (LogDirectory.Inspect(disk, path, entry => QuorumFormat.IsUnfinished(disk, path, entry)) == DirectoryKind.Empty)
            {
                Format(config, disk, path, clock, randomness, controller);
                log.Info("storage", $"formatted {path} for a new cluster of one node");
            }

            var directory = LogDirectory.Open(disk, path, randomness.NextUuid());
            if (directory.Meta.NodeId != config.NodeId)
            {
                directory.Dispose();
                throw new StartupException(
                    $"{path} belongs to node {directory.Meta.NodeId}, but node.id is {config.NodeId}; "
                    + $"set node.id={directory.Meta.NodeId}, or give another directory with --data");
            }

            return directory;
        }
        catch (LogDirectoryException e)
        {
            throw new StartupException(e.Message, e);
        }
    }

    /// <summary>This node as a voter of its quorum.</summary>
    public static Voter Voter(BrokerConfig config, Uuid directoryId, VoterEndpoint controller) =>
        new(new ReplicaKey(config.NodeId, directoryId), ImmutableArray.Create(controller), 0, 1);

    // The metadata first: meta.properties says that all of it is there.
    private static void Format(
        BrokerConfig config, IDisk disk, string path, IClock clock, Randomness randomness, VoterEndpoint controller)
    {
        disk.CreateDirectory(path);
        var directoryId = randomness.NextUuid();
        QuorumFormat.Run(disk, path, Voter(config, directoryId, controller), clock.WallMs);
        LogDirectory.Format(disk, path, new MetaProperties(randomness.NextUuid().ToString(), config.NodeId, directoryId));
    }
}
