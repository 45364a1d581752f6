using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Barnabas.Broker.Config;

/// <summary>A host as it was written, without the brackets of IPv6, and a port; an empty host was left out.</summary>
public sealed record HostAndPort(string Host, int Port)
{
    /// <summary>Reads <c>host:port</c>, <c>[::1]:port</c> or <c>:port</c>; ports from 0 to 65535.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out HostAndPort? parsed)
    {
        parsed = null;
        var colon = text.LastIndexOf(':');
        if (colon < 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return false;
        }

        var host = text[..colon].Trim();
        var isBracketed = host.StartsWith('[') && host.EndsWith(']');
        if (host.Contains(':') && !isBracketed)
        {
            return false;
        }

        parsed = new HostAndPort(isBracketed ? host[1..^1] : host, port);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}

/// <summary>How a listener protects its connections, with Kafka's numbers.</summary>
public enum SecurityProtocol : short
{
    /// <summary>No protocol of that name.</summary>
    Unknown = -1,
    Plaintext = 0,
    Ssl = 1,
    SaslPlaintext = 2,
    SaslSsl = 3,
}

/// <summary>An endpoint to open and what to tell about it.</summary>
/// <param name="Name">The listener's name, upper case.</param>
/// <param name="Protocol">How it protects its connections.</param>
/// <param name="Bind">The address and port to bind; port 0 takes a free one.</param>
/// <param name="Advertised">Host and port that clients are told; port 0 stands for the port that was bound.</param>
/// <param name="IsController">True for the endpoint of the quorum.</param>
/// <param name="IsNarrowed">True when an empty host was bound to loopback, which the operator should be told.</param>
public sealed record ListenerConfig(
    string Name, SecurityProtocol Protocol, IPEndPoint Bind, HostAndPort Advertised, bool IsController, bool IsNarrowed);
