using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Barnabas.Base.Bytes;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Messages;
using Barnabas.Simulation.Seams;

namespace Barnabas.Simulation.Faults;

/// <summary>A bug that is planted at a seam, with the effect that it would have in the code: the campaign has to find it.</summary>
internal enum PlantedBug
{
    None,

    /// <summary>An append for acks=all is answered when the leader alone has it.</summary>
    AcknowledgedBeforeHighWatermark,

    /// <summary>An append of a topic that flushes is answered before the flush.</summary>
    AcknowledgedBeforeFlush,

    /// <summary>A fetch is not woken by what it waits for.</summary>
    LostWakeUp,

    /// <summary>The sync of a segment does nothing.</summary>
    SegmentSyncSkipped,

    /// <summary>The sync of a directory does nothing.</summary>
    DirectorySyncSkipped,

    /// <summary>The view is published before the bytes are in the file.</summary>
    ViewBeforeWrite,

    /// <summary>The vote is not on the disk when it is given.</summary>
    VoteNotSynced,

    /// <summary>The metadata log says that records are stored before they are.</summary>
    MetadataSyncSkipped,

    /// <summary>The entries of an offset index point to the batch behind theirs.</summary>
    IndexOneOff,

    /// <summary>What is kept of the producers at a roll is empty.</summary>
    ProducerStateLostAtRoll,

    /// <summary>A log is cut in the middle of a batch.</summary>
    TruncationMidBatch,

    /// <summary>A clean stop says that it was one before it has closed the logs.</summary>
    CleanFlagEarly,

    /// <summary>The recovery point, and so its checkpoint, moves before the flush.</summary>
    CheckpointBeforeFlush,
}

/// <summary>Plants the bugs. Stateless.</summary>
internal static class PlantedBugs
{
    /// <summary>What is done to the disk.</summary>
    public static void Prepare(PlantedBug bug, SimDisk disk)
    {
        switch (bug)
        {
            case PlantedBug.SegmentSyncSkipped:
                disk.SkipsSync = path => path.EndsWith(".log", StringComparison.Ordinal) && !IsMetadata(path);
                break;
            case PlantedBug.MetadataSyncSkipped:
                disk.SkipsSync = path => path.EndsWith(".log", StringComparison.Ordinal) && IsMetadata(path);
                break;
            case PlantedBug.DirectorySyncSkipped:
                disk.SkipsSync = path => Path.GetFileName(path).StartsWith("topic", StringComparison.Ordinal);
                break;
            case PlantedBug.IndexOneOff:
                disk.Rewrites = (path, bytes) => IsTopic(path) && path.EndsWith(".index", StringComparison.Ordinal) ? OneOff(bytes) : bytes;
                break;
            case PlantedBug.ProducerStateLostAtRoll:
                disk.Rewrites = (path, bytes) => path.EndsWith(".snapshot", StringComparison.Ordinal) ? NoProducers() : bytes;
                break;
            case PlantedBug.TruncationMidBatch:
                disk.CutsTo = (path, length) =>
                    IsTopic(path) && path.EndsWith(".log", StringComparison.Ordinal) ? Math.Max(0, length - 7) : length;
                break;
            case PlantedBug.VoteNotSynced:
                disk.SkipsSync = path => path.EndsWith("quorum-state.tmp", StringComparison.Ordinal);
                break;
            case PlantedBug.ViewBeforeWrite:
                disk.DelaysWrite = path => path.EndsWith(".log", StringComparison.Ordinal) && !IsMetadata(path);
                break;
        }
    }

    /// <summary>The configuration of a topic's logs, with segments so small that a short history has many.</summary>
    public static Func<LogConfig, LogConfig> Shape(PlantedBug bug) => config => config with
    {
        SegmentBytes = 3_000,
        IndexIntervalBytes = 300,
        FileDeleteDelayMs = 200,
        FlushOnAck = config.FlushOnAck && bug != PlantedBug.AcknowledgedBeforeFlush,
    };

    /// <summary>The handlers, one of them with a bug.</summary>
    public static HandlerTable Handlers(PlantedBug bug, HandlerTable table)
    {
        if (bug != PlantedBug.AcknowledgedBeforeHighWatermark)
        {
            return table;
        }

        var broken = new HandlerTable(ApiListeners.Broker);
        foreach (var api in table.Served)
        {
            broken.Add(api.Handler.Key == ApiKey.Produce ? new LeaderAloneHandler(api.Handler) : api.Handler, api.Lowest, api.Highest);
        }

        return broken;
    }

    /// <summary>Every second time that its high watermark moves, the replica forgets who waits for it.</summary>
    public static void LoseWakeUps(Replica replica)
    {
        var loop = replica.Shard.Loop;
        var endTurn = loop.TurnEnd!;
        var seen = replica.View.LogEndOffset;
        var forgets = false;
        loop.TurnEnd = () =>
        {
            if (replica.Log.LogEndOffset != seen)
            {
                seen = replica.Log.LogEndOffset;
                forgets = !forgets;
                if (forgets)
                {
                    while (First(replica.Waiters) is { } forgotten)
                    {
                        replica.Waiters.Remove(forgotten);
                    }
                }
            }

            endTurn();
        };
    }

    /// <summary>The recovery point is where it will be after the flush.</summary>
    public static void MoveRecoveryPoint(Replica replica) => SetRecoveryPoint(replica.Log, replica.View.LogEndOffset);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_RecoveryPoint")]
    private static extern void SetRecoveryPoint(PartitionLog log, long offset);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_first")]
    private static extern ref FetchInterest? First(FetchWaiters waiters);

    // Eight bytes an entry, four of them the position.
    private static byte[] OneOff(byte[] index)
    {
        for (var at = 4; at + 12 <= index.Length; at += 8)
        {
            index.AsSpan(at + 8, 4).CopyTo(index.AsSpan(at));
        }

        return index;
    }

    // Version 1, the checksum, and a count of nothing.
    private static byte[] NoProducers()
    {
        var bytes = new byte[10];
        bytes[1] = 1;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(2), Crc32C.Compute(bytes.AsSpan(6)));
        return bytes;
    }

    private static bool IsTopic(string path) => path.Contains("topic", StringComparison.Ordinal);

    private static bool IsMetadata(string path) => path.Contains("__cluster_metadata", StringComparison.Ordinal);

    /// <summary>Takes acks=all for acks=1.</summary>
    private sealed class LeaderAloneHandler(IRequestHandler produce) : IRequestHandler
    {
        public ApiKey Key => ApiKey.Produce;

        public void Handle(Request request)
        {
            // The transactional id is null, in one byte where the version is flexible and in two before; acks follow.
            var acks = request.Lease.Span.Slice(request.BodyOffset + (request.ApiVersion >= 9 ? 1 : 2), 2);
            if (acks is [0xFF, 0xFF])
            {
                acks[0] = 0;
                acks[1] = 1;
            }

            produce.Handle(request);
        }
    }
}
