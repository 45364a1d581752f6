namespace Barnabas.Broker.Config.Tables;

/// <summary>Keys of a client-metrics subscription: rows as <see cref="ConfigTable"/> reads them.</summary>
internal static class ClientMetricsKeys
{
    public static ReadOnlySpan<byte> Rows =>
        """
        interval.ms | int | 300000 | -
            How often matching clients push their metrics.
        match | list | "" | -
            Which clients are asked: selectors of the form name=pattern.
        metrics | list | "" | -
            Prefixes of the names of the metrics that are asked for; * asks for all.
        """u8;
}
