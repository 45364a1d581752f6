using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Barnabas.Base.Bytes;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Log.Producers;
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

    /// <summary>
    /// The entries of both indexes of a sealed segment lead to where the next ones should. Of the offset index that harms nobody: what it
    /// leads to is compared with what is looked for.
    /// </summary>
    IndexOneOff,

    /// <summary>What is kept of the producers at a roll is empty.</summary>
    ProducerStateLostAtRoll,

    /// <summary>A log is cut in the middle of a batch.</summary>
    TruncationMidBatch,

    /// <summary>A clean stop says that it was one before it has closed the logs.</summary>
    CleanFlagEarly,

    /// <summary>The recovery point, and so its checkpoint, moves before the flush.</summary>
    CheckpointBeforeFlush,

    /// <summary>A compacted segment takes the place of the old ones before its bytes are on the platters.</summary>
    SwapBeforeSync,

    /// <summary>A tombstone goes with the first cleaning, and not after <c>delete.retention.ms</c>.</summary>
    TombstoneDroppedEarly,

    /// <summary>The oldest of several open transactions does not hold the last stable offset back.</summary>
    StableOffsetTooHigh,

    /// <summary>Retention takes the beginning of an open transaction away, and with it what the log knows of it.</summary>
    RetentionPastOpenTransaction,
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
                disk.Rewrites = (path, bytes) =>
                    IsTopic(path) && path.EndsWith(".index.tmp", StringComparison.Ordinal) ? OneOff(bytes, keyBytes: 4)
                    : IsTopic(path) && path.EndsWith(".timeindex.tmp", StringComparison.Ordinal) ? OneOff(bytes, keyBytes: 8)
                    : bytes;
                break;
            case PlantedBug.ProducerStateLostAtRoll:
                disk.Rewrites = (path, bytes) => path.EndsWith(".snapshot.tmp", StringComparison.Ordinal) ? NoProducers() : bytes;
                break;
            case PlantedBug.TruncationMidBatch:
                disk.CutsTo = (path, length) =>
                    IsTopic(path) && path.EndsWith(".log", StringComparison.Ordinal) ? Math.Max(0, length - 7) : length;
                break;
            case PlantedBug.SwapBeforeSync:
                disk.SkipsSync = path => path.EndsWith(".cleaned", StringComparison.Ordinal);
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
    public static Func<LogConfig, LogConfig> Shape(PlantedBug bug, int segmentBytes) => config => config with
    {
        SegmentBytes = segmentBytes,
        IndexIntervalBytes = 300,
        FileDeleteDelayMs = 200,
        MinCleanableDirtyRatio = 0.1,
        DeleteRetentionMs = bug == PlantedBug.TombstoneDroppedEarly ? 0 : config.DeleteRetentionMs,
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

    /// <summary>What is done to a replica behind every step.</summary>
    public static void AfterStep(PlantedBug bug, Replica replica)
    {
        var open = Open(replica.Log.Producers.Transactions);
        switch (bug)
        {
            case PlantedBug.CheckpointBeforeFlush:
                SetRecoveryPoint(replica.Log, replica.View.LogEndOffset);
                break;
            case PlantedBug.StableOffsetTooHigh when open.Count > 1:
                open.RemoveAt(0);
                break;
            case PlantedBug.RetentionPastOpenTransaction:
                open.RemoveAll(transaction => transaction.FirstOffset < replica.View.LogStartOffset);
                break;
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_RecoveryPoint")]
    private static extern void SetRecoveryPoint(PartitionLog log, long offset);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_open")]
    private static extern ref List<(long FirstOffset, long ProducerId)> Open(OpenTransactions transactions);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_first")]
    private static extern ref FetchInterest? First(FetchWaiters waiters);

    // A key and four bytes of where it leads to.
    private static byte[] OneOff(byte[] index, int keyBytes)
    {
        var entryBytes = keyBytes + 4;
        for (var at = keyBytes; at + entryBytes + 4 <= index.Length; at += entryBytes)
        {
            index.AsSpan(at + entryBytes, 4).CopyTo(index.AsSpan(at));
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
