using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Barnabas.Broker.Network;

namespace Barnabas.Broker.Config;

/// <summary>What limits connections, requests and answers. Immutable, for any thread.</summary>
public sealed class NetworkConfig
{
    private const string OverridesKey = "max.connections.per.ip.overrides";

    /// <summary>
    /// Reads what is in force. Overrides for single hosts that cannot be read are passed over, as a change at run time has to.
    /// </summary>
    internal NetworkConfig(BrokerConfig config)
    {
        var overrides = new Dictionary<IPAddress, int>();
        OverridesProblem = ReadOverrides(config.Text(OverridesKey) ?? "", overrides);
        Limits = new NetworkLimits
        {
            RequestBytesMax = config.Int("socket.request.max.bytes"),
            RequestBytesHeldMax = config.Long("queued.max.request.bytes"),
            RequestsQueuedMax = config.Int("queued.max.requests"),
            IdleMsMax = config.Long("connections.max.idle.ms"),
            ConnectionsMax = config.Int("max.connections"),
            ConnectionsPerIpMax = config.Int("max.connections.per.ip"),
            ConnectionsPerIpOverrides = overrides,
            BacklogMax = config.Int("socket.listen.backlog.size"),
        };
        FetchBytesMax = config.Int("fetch.max.bytes");
        FetchSessionSlots = config.Int("max.incremental.fetch.session.cache.slots");
        DescribePartitionsMax = config.Int("max.request.partition.size.limit");
    }

    /// <summary>The bounds of the network.</summary>
    public NetworkLimits Limits { get; }

    /// <summary>Most bytes in the answer to a fetch.</summary>
    public int FetchBytesMax { get; }

    /// <summary>Fetch sessions that are kept.</summary>
    public int FetchSessionSlots { get; }

    /// <summary>Most partitions in an answer to DescribeTopicPartitions.</summary>
    public int DescribePartitionsMax { get; }

    /// <summary>What is wrong with the limits of single hosts; null when they can be read.</summary>
    internal string? OverridesProblem { get; }

    private static string? ReadOverrides(string text, Dictionary<IPAddress, int> overrides)
    {
        string? problem = null;
        foreach (var item in ConfigRules.Items(text))
        {
            var colon = item.LastIndexOf(':');
            if (colon < 1 || !int.TryParse(item.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var limit))
            {
                problem ??= $"{OverridesKey}: '{item}' is not host:limit";
                continue;
            }

            var addresses = AddressesOf(item[..colon]);
            problem ??= addresses.Length == 0 ? $"{OverridesKey}: the host of '{item}' cannot be resolved; use an address" : null;
            foreach (var address in addresses)
            {
                overrides[address] = limit;
            }
        }

        return problem;
    }

    private static IPAddress[] AddressesOf(string host)
    {
        if (IPAddress.TryParse(host, out var literal))
        {
            return [literal];
        }

        try
        {
            return Dns.GetHostAddresses(host);
        }
        catch (SocketException)
        {
            return [];
        }
    }
}
