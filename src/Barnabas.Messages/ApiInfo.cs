namespace Barnabas.Messages;

/// <summary>The listeners that serve an API.</summary>
[Flags]
public enum ApiListeners : byte
{
    Broker = 1,
    Controller = 2,
}

/// <summary>What an API is.</summary>
/// <param name="Key">Its number.</param>
/// <param name="Name">Its name: "Metadata".</param>
/// <param name="Lowest">Lowest version.</param>
/// <param name="Highest">Highest version, stable or not.</param>
/// <param name="LatestStable">Highest version that is offered unless unstable ones are asked for.</param>
/// <param name="FirstFlexible">First version with tagged fields; 32767 for none.</param>
/// <param name="Listeners">Where it is served.</param>
public sealed record ApiInfo(
    ApiKey Key, string Name, short Lowest, short Highest, short LatestStable, short FirstFlexible, ApiListeners Listeners)
{
    /// <summary>True when the version exists, stable or not.</summary>
    public bool Supports(short version) => version >= Lowest && version <= Highest;

    /// <summary>Version of the header before a request.</summary>
    public short RequestHeaderVersion(short version) => version >= FirstFlexible ? (short)2 : (short)1;

    /// <summary>
    /// Version of the header before a response. Always 0 for ApiVersions, whose asker may not know yet which versions there are.
    /// </summary>
    public short ResponseHeaderVersion(short version) => version >= FirstFlexible && Key != ApiKey.ApiVersions ? (short)1 : (short)0;
}
