using System.Text;
using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Partitions;
using Barnabas.Messages;

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

        var (there, read) = (Say(live.Host.Machine), Say(copy));
        ViolationException.Unless(there == read, $"{replica.Partition}: the coordinator has\n{there}\nand its log says\n{read}");
    }

    // All that is replicated.
    private static string Say(GroupCoordinator coordinator)
    {
        var text = new StringBuilder();
        foreach (var group in coordinator.Groups.OrderBy(group => group.Id, StringComparer.Ordinal))
        {
            var recorded = coordinator.FindClassic(group.Id)!.Recorded;
            var offsets = coordinator.Offsets.Of(group.Id);
            if (recorded is null && offsets is null)
            {
                // Somebody has asked to join and nothing was written yet.
                continue;
            }

            text.Append(group.Id).Append(' ').Append(recorded is null ? "-" : Convert.ToHexString(MessageCodec.Encode(recorded, 3)));
            foreach (var (topic, partitions) in offsets?.Topics ?? [])
            {
                foreach (var (partition, stored) in partitions)
                {
                    text.Append('\n').Append(topic).Append('-').Append(partition).Append(' ').Append(stored);
                }
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}
