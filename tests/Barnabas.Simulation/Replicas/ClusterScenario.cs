using Barnabas.Base.Seams;

namespace Barnabas.Simulation.Replicas;

/// <summary>
/// How often what goes wrong, drawn from the seed: each history leaves some faults out, so that rare mixes are reached. Means are in steps;
/// 0 is never. Immutable.
/// </summary>
internal sealed record ClusterScenario
{
    public const int Steps = 10_000;

    /// <summary>The longest that a history goes on in which too little happens.</summary>
    public const int StepsMax = 60_000;

    /// <summary>True where acknowledgements wait for the disks, so that any power cut may come.</summary>
    public bool FlushesOnAck { get; init; }

    public int KillMean { get; init; }

    public int PowerCutMean { get; init; }

    public int PauseMean { get; init; }

    public int ElectionMean { get; init; }

    public int CutLinkMean { get; init; }

    public int DiskErrorMean { get; init; }

    public int DeleteRecordsMean { get; init; }

    /// <summary>Of 100 answers to followers, how many come late.</summary>
    public int LateAnswerPercent { get; init; }

    /// <summary>A mix that the seed picks.</summary>
    public static ClusterScenario Draw(Randomness random) => new()
    {
        FlushesOnAck = random.Chance(0.4),
        KillMean = Mean(700, random),
        PowerCutMean = Mean(900, random),
        PauseMean = Mean(700, random),
        ElectionMean = 150 + random.Next(400),
        CutLinkMean = Mean(500, random),
        DiskErrorMean = Mean(2_500, random),
        DeleteRecordsMean = Mean(600, random),
        LateAnswerPercent = random.Chance(0.5) ? random.Next(20) : 0,
    };

    private static int Mean(int steps, Randomness random) => random.Chance(0.3) ? 0 : (steps / 2) + random.Next(steps);
}
