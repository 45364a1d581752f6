using Barnabas.Base.Seams;
using Barnabas.Broker.Config;
using Barnabas.Cluster.Raft;
using Barnabas.Log;
using Barnabas.Simulation.Seams;

namespace Barnabas.Simulation.Nodes;

/// <summary>What a simulated process finds around it when it starts. Immutable; the parts belong to the world.</summary>
internal sealed record SimMachine
{
    /// <summary>Where the node keeps its logs.</summary>
    public const string DataPath = "/sim/data";

    public required SimClock Clock { get; init; }

    public required SimDisk Disk { get; init; }

    public required SimWire Wire { get; init; }

    public required SimLoops Loops { get; init; }

    public required Randomness Randomness { get; init; }

    public required BrokerConfig Config { get; init; }

    /// <summary>Latest begin of a turn that may block, microseconds.</summary>
    public int BackgroundDelayUsMax { get; init; } = 20_000;

    /// <summary>True for a node that says too early that it has stopped cleanly: a planted bug.</summary>
    public bool SaysTooEarlyThatItIsClean { get; init; }

    /// <summary>False where a client is its own transaction coordinator, and writes the markers itself.</summary>
    public bool VerifiesTransactions { get; init; }

    /// <summary>Small, so that a short history rolls, snapshots and deletes.</summary>
    public MetadataLogConfig MetadataLog { get; init; } = new(SegmentBytes: 6_000, SnapshotAfterBytes: 5_000, RetentionBytes: 7_000);

    /// <summary>Makes a topic's configuration as small as the metadata log's; the last word on it.</summary>
    public Func<LogConfig, LogConfig> Shape { get; init; } = config => config;
}
