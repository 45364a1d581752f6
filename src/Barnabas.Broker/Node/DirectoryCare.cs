using Barnabas.Base.Loops;
using Barnabas.Cluster.Partitions;

namespace Barnabas.Broker.Node;

/// <summary>
/// Who looks after one log directory: an upkeep with a loop of its own, so that a slow disk holds up nobody else, and the checkpoints.
/// Immutable.
/// </summary>
internal sealed class DirectoryCare
{
    private readonly Checkpoints _checkpoints;

    public DirectoryCare(ReplicaDirectory directory, ReplicaTable table, Loop loop, UpkeepTimes times, SpaceWatch space)
    {
        Directory = directory;
        IReadOnlyList<Replica> Here() => table.Snapshot(directory.Health);
        _checkpoints = new Checkpoints(directory.Files, Here);
        Upkeep = new LogUpkeep(loop, Here, times, new UpkeepDisk(
            directory.Health, _checkpoints.WriteRecoveryPoints, _checkpoints.WriteLogStarts, _checkpoints.WriteHighWatermarks, space));
        directory.Shards.UseUpkeep(Upkeep);
    }

    public ReplicaDirectory Directory { get; }

    public LogUpkeep Upkeep { get; }

    /// <summary>Writes where cleanings stopped, if that has changed. Blocks; on the cleaner's loop.</summary>
    public void WriteCleanerOffsets() => Directory.Health.Guard(_checkpoints.WriteCleanerOffsets);

    /// <summary>Writes all of them. Blocks; after the upkeep has stopped.</summary>
    public void WriteCheckpoints()
    {
        _checkpoints.WriteRecoveryPoints();
        _checkpoints.WriteLogStarts();
        _checkpoints.WriteHighWatermarks();
        _checkpoints.WriteCleanerOffsets();
    }
}
