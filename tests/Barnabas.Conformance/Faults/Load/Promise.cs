namespace Barnabas.Conformance.Faults.Load;

/// <summary>What the end of a broker may take away.</summary>
/// <param name="RecoveryPoints">
/// By topic and partition, as the checkpoint said before the restart: below these nothing may be gone, above everything. Null where all
/// that was acknowledged has to be there.
/// </param>
internal sealed record Promise(IReadOnlyDictionary<string, long>? RecoveryPoints = null)
{
    /// <summary>Everything acknowledged is there.</summary>
    public static readonly Promise All = new();

    /// <summary>True where what was acknowledged may be gone.</summary>
    public bool MayLose => RecoveryPoints is not null;

    /// <summary>The recovery points that a data folder holds; none before the first checkpoint.</summary>
    public static Promise FromCheckpoint(string dataFolder)
    {
        var path = Path.Combine(dataFolder, "recovery-point-offset-checkpoint");
        return new Promise((File.Exists(path) ? File.ReadAllLines(path) : []).Skip(2).Select(line => line.Split(' '))
            .ToDictionary(fields => $"{fields[0]}-{fields[1]}", fields => long.Parse(fields[2])));
    }

    /// <summary>The end of what must be there of a partition that was shown up to <paramref name="end"/>.</summary>
    public long SafeEnd(string topic, int partition, long end) =>
        RecoveryPoints is null ? end : Math.Min(end, RecoveryPoints.GetValueOrDefault($"{topic}-{partition}"));
}
