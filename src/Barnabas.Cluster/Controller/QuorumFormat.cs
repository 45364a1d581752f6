using Barnabas.Base.Seams;
using Barnabas.Cluster.Raft;

namespace Barnabas.Cluster.Controller;

/// <summary>
/// Writes what the metadata of a new cluster begins with. Run before <c>meta.properties</c> is written, which is what says that a directory
/// is formatted: a crash in between leaves a directory that is formatted again. Stateless; blocks.
/// </summary>
public static class QuorumFormat
{
    private const string BootstrapName = "bootstrap.checkpoint";

    /// <summary>Makes this node the only voter of a new quorum with its metadata in <paramref name="logDirectory"/>.</summary>
    public static void Run(IDisk disk, string logDirectory, Voter self, long nowMs)
    {
        var metadata = Path.Join(logDirectory, MetadataLog.DirectoryName);
        FaultPoint.Here("format.begin");
        disk.CreateDirectory(metadata);
        SnapshotWriter.Write(disk, metadata, SnapshotId.Bootstrap, new SnapshotHead(nowMs, 1, new VoterSet([self])), []);
        FaultPoint.Here("format.before-bootstrap");
        WriteBootstrap(disk, logDirectory, nowMs);
        disk.SyncDirectory(logDirectory);
    }

    /// <summary>
    /// True for what a crash in <see cref="Run"/> leaves in a directory that has no <c>meta.properties</c>: it may be formatted again, as
    /// nobody has written a record of metadata yet.
    /// </summary>
    public static bool IsUnfinished(IDisk disk, string logDirectory, DiskEntry entry) => entry switch
    {
        { IsDirectory: false } => entry.Name is BootstrapName or BootstrapName + SnapshotWriter.PartSuffix,
        { Name: MetadataLog.DirectoryName } => disk.List(Path.Join(logDirectory, entry.Name))
            .All(file => file.Name.StartsWith(SnapshotId.Bootstrap.FileName, StringComparison.Ordinal)),
        _ => false,
    };

    /// <summary>Writes the feature levels that the first controller begins with; every log directory of a node gets this file.</summary>
    public static void WriteBootstrap(IDisk disk, string logDirectory, long nowMs)
    {
        var head = new SnapshotHead(nowMs, 0, VoterSet.Empty);
        SnapshotWriter.WriteFile(disk, logDirectory, BootstrapName, SnapshotId.Bootstrap, head, Activation.NewCluster);
    }
}
