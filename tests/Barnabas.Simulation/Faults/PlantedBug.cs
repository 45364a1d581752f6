using System.Runtime.CompilerServices;
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

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_first")]
    private static extern ref FetchInterest? First(FetchWaiters waiters);

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
