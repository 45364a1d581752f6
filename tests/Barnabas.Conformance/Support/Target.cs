using Barnabas.Shared;

namespace Barnabas.Conformance.Support;

/// <summary>
/// What the scenarios of this project run against: Barnabas, or, with BARNABAS_CONFORMANCE_TARGET=kafka, Apache Kafka, which shows
/// that a scenario and the client in it are right. Immutable after start.
/// </summary>
internal static class Target
{
    private static readonly Lazy<Dictionary<int, (int Lowest, int Newest)>> Served = new(AskWhatIsServed);

    public static BrokerKind Kind { get; } =
        Environment.GetEnvironmentVariable("BARNABAS_CONFORMANCE_TARGET") == "kafka" ? BrokerKind.Kafka : BrokerKind.Barnabas;

    /// <summary>
    /// Settings that BARNABAS_CONFORMANCE_SETTINGS (key=value, separated by semicolons) gives to every Barnabas of a run, so that all
    /// scenarios can be run over another wire or with another switch.
    /// </summary>
    public static IReadOnlyList<string[]> Settings { get; } =
        [.. (Environment.GetEnvironmentVariable("BARNABAS_CONFORMANCE_SETTINGS") ?? "")
            .Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(setting => setting.Split('=', 2))];

    /// <summary>The reason to skip a test about the program itself, or null.</summary>
    public static string? MissingProgram(Api[] apis) =>
        Kind == BrokerKind.Kafka ? "is about Barnabas itself" : Missing([], [Api.ApiVersions, .. apis]);

    /// <summary>The reason to skip a test with these needs, or null.</summary>
    public static string? Missing(Need[] needs, Api[] apis)
    {
        var reason = Needs.Missing([Kind == BrokerKind.Kafka ? Need.Peer : Need.Program, .. needs]);
        if (reason is not null || Kind == BrokerKind.Kafka)
        {
            return reason;
        }

        var missing = apis.Where(api => !Served.Value.ContainsKey((int)api)).ToList();
        return missing.Count == 0 ? null : $"not advertised yet: {string.Join(", ", missing)}";
    }

    private static Dictionary<int, (int Lowest, int Newest)> AskWhatIsServed()
    {
        try
        {
            using var broker = BrokerProcess.Start();
            return RawConnection.ApiVersions(broker.Port);
        }
        catch (InvalidOperationException)
        {
            return []; // it does not start as a broker yet
        }
    }
}
