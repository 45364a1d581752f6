using Barnabas.Base.Seams;
using Barnabas.Log.Epochs;
using Barnabas.Log.Producers;
using Barnabas.Log.Segments;

namespace Barnabas.Log.Recovery;

/// <summary>All that a log begins with, as loading found or made it; handed over once to the <see cref="PartitionLog"/>.</summary>
internal sealed class LoadedLog
{
    internal required IDisk Disk { get; init; }

    internal required string DirectoryPath { get; init; }

    internal required TopicPartition Partition { get; init; }

    internal required LogConfig Config { get; init; }

    internal required Segment[] Segments { get; init; }

    /// <summary>Sealed segments whose indexes were rebuilt and are not on disk yet.</summary>
    internal Segment[] Unflushed { get; init; } = [];

    internal required ProducerStates Producers { get; init; }

    internal required LeaderEpochs Epochs { get; init; }

    /// <summary>The history as the file has it: another object than <see cref="Epochs"/> when that has to be written.</summary>
    internal required LeaderEpochs StoredEpochs { get; init; }

    internal long LogStartOffset { get; init; }

    internal long LogEndOffset { get; init; }

    internal long HighWatermark { get; init; }

    internal long RecoveryPoint { get; init; }

    /// <summary>No key appears twice below it; -1 when nobody knows.</summary>
    internal long FirstDirtyOffset { get; init; } = -1;
}
