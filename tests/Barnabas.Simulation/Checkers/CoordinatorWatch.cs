using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Partitions;

namespace Barnabas.Simulation.Checkers;

/// <summary>A coordinator's state is what its log gives to whoever reads it. Stateless.</summary>
internal static class CoordinatorWatch
{
    /// <summary>Replays the log of a partition of the offsets topic and compares; nothing where no coordinator is loaded.</summary>
    /// <param name="replica">Between two turns of its shard.</param>
    /// <param name="host">Never runs anything.</param>
    /// <param name="clock">Of the node.</param>
    public static void Compare(Replica replica, ILoopHost host, IClock clock)
    {
        if (replica.Resident is not PartitionMachine<GroupCoordinator, GroupRecord> { Host.State: MachineState.Active } live)
        {
            return;
        }

        var copy = new GroupCoordinator(live.Host.Machine.Config, new Loop("copy", host, clock), new Randomness(1));
        var replay = new PartitionReplay<GroupRecord>(replica, new GroupRecordCodec(), 1 << 20);
        for (var offset = replica.View.LogStartOffset; ;)
        {
            var piece = replay.Read(offset);
            foreach (var (record, at) in piece.Records)
            {
                copy.Replay(record, at);
            }

            if (piece.IsLast)
            {
                break;
            }

            offset = piece.NextOffset;
        }

        var (there, read) = (CoordinatorText.Of(live.Host.Machine), CoordinatorText.Of(copy));
        ViolationException.Unless(there == read, $"{replica.Partition}: the coordinator has\n{there}\nand its log says\n{read}");
    }
}
