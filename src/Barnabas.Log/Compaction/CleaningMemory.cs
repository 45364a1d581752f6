namespace Barnabas.Log.Compaction;

/// <summary>What a cleaning may use. Immutable.</summary>
/// <param name="MapBytes"><c>log.cleaner.dedupe.buffer.size</c>: memory for the map of keys.</param>
/// <param name="MapLoadFactor"><c>log.cleaner.io.buffer.load.factor</c>: 0 to 1, how full the map may become.</param>
/// <param name="IoBytes"><c>log.cleaner.io.buffer.size</c>: what is read at once, unless a batch is larger.</param>
public sealed record CleaningMemory(long MapBytes, double MapLoadFactor, int IoBytes)
{
    /// <summary>Kafka's defaults.</summary>
    public static readonly CleaningMemory Default = new(128 << 20, 0.9, 512 << 10);
}

/// <summary>How a log is to be cleaned. Immutable.</summary>
/// <param name="Config">The topic's configuration.</param>
/// <param name="NowMs">The wall clock, by which tombstones and markers go.</param>
/// <param name="Memory">What may be used.</param>
/// <param name="Hash">With a fresh secret.</param>
public sealed record CompactionOrder(LogConfig Config, long NowMs, CleaningMemory Memory, KeyHash Hash);
