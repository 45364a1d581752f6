namespace Barnabas.Broker.Handlers.Partitions;

/// <summary>The timestamps of ListOffsets that are no times. Stateless.</summary>
internal static class SpecialOffsets
{
    public const long Latest = -1;
    public const long Earliest = -2;

    /// <summary>The record with the largest timestamp.</summary>
    public const long MaxTimestamp = -3;

    /// <summary>The first offset on this broker's own disk.</summary>
    public const long EarliestLocal = -4;

    /// <summary>The last offset in tiered storage.</summary>
    public const long LatestTiered = -5;

    /// <summary>The first offset that tiered storage does not have yet.</summary>
    public const long EarliestPendingUpload = -6;

    /// <summary>The first version of ListOffsets that may ask for a timestamp; beyond all versions for one that means nothing.</summary>
    public static short FirstVersionOf(long timestamp) => timestamp switch
    {
        >= Earliest => 0,
        MaxTimestamp => 7,
        EarliestLocal => 8,
        LatestTiered => 9,
        EarliestPendingUpload => 11,
        _ => short.MaxValue,
    };
}
