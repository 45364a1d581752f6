using System.Net;
using System.Net.Sockets;

namespace Barnabas.Broker.Config;

/// <summary>Makes listeners of the keys that speak of them, and refuses those that would be open to the world. Stateless.</summary>
internal static class ListenerReader
{
    private const string HowToAllow =
        "use a loopback address, or --insecure-allow-public (barnabas.insecure.allow.public=true) to allow it";

    /// <summary>The listeners in the order of <c>listeners</c>.</summary>
    /// <exception cref="StartupException">They contradict each other, cannot be resolved, or are public without permission.</exception>
    public static IReadOnlyList<Listener> Read(BrokerConfig config)
    {
        var origin = config.OriginOf("listeners");
        var protocols = Protocols(config);
        var advertised = Advertised(config);
        var controllers = config.Items("controller.listener.names");
        var listeners = new List<Listener>();
        foreach (var item in config.Items("listeners"))
        {
            var (name, endpoint) = Split(item, origin, "listeners");
            if (listeners.Exists(other => other.Name == name))
            {
                throw new StartupException($"{origin}: listeners names {name} twice; each listener has a name of its own");
            }

            var protocol = ProtocolOf(name, protocols, controllers.Contains(name), origin);
            var isNarrowed = endpoint.Host.Length == 0 && !config.AllowPublic;
            listeners.Add(new Listener(name, protocol, Bind(endpoint, name, config.AllowPublic, origin),
                AdvertisedOf(name, endpoint, advertised, isNarrowed), controllers.Contains(name)) { IsNarrowed = isNarrowed });
        }

        CheckAll(listeners, advertised, config);
        return listeners;
    }

    private static void CheckAll(List<Listener> listeners, Dictionary<string, HostAndPort> advertised, BrokerConfig config)
    {
        var origin = config.OriginOf("listeners");
        if (!listeners.Exists(listener => !listener.IsController))
        {
            throw new StartupException($"{origin}: listeners has no listener for clients; add one, for example PLAINTEXT://127.0.0.1:9092");
        }

        foreach (var first in listeners)
        {
            var second = listeners.Find(other => !ReferenceEquals(other, first) && other.Bind.Equals(first.Bind) && first.Bind.Port != 0);
            if (second is not null)
            {
                throw new StartupException($"{origin}: listeners {first.Name} and {second.Name} have the same address {first.Bind}");
            }
        }

        foreach (var name in advertised.Keys)
        {
            if (!listeners.Exists(listener => listener.Name == name))
            {
                throw new StartupException(
                    $"{config.OriginOf("advertised.listeners")}: advertised.listeners names {name}, which listeners does not have");
            }
        }

        var interBroker = config.Text("inter.broker.listener.name");
        if (interBroker is not null && !listeners.Exists(listener => listener.Name == interBroker.ToUpperInvariant()))
        {
            throw new StartupException($"{config.OriginOf("inter.broker.listener.name")}: inter.broker.listener.name is {interBroker}, "
                + "which listeners does not have");
        }
    }

    private static (string Name, HostAndPort Endpoint) Split(string item, string origin, string key)
    {
        var at = item.IndexOf("://", StringComparison.Ordinal);
        if (at < 1 || !HostAndPort.TryParse(item[(at + 3)..], out var endpoint))
        {
            throw new StartupException($"{origin}: {key}: '{item}' is not NAME://host:port");
        }

        return (item[..at].ToUpperInvariant(), endpoint);
    }

    private static Dictionary<string, SecurityProtocol> Protocols(BrokerConfig config)
    {
        const string Key = "listener.security.protocol.map";
        var protocols = new Dictionary<string, SecurityProtocol>(StringComparer.Ordinal);
        foreach (var item in ConfigRules.Items(config.Text(Key) ?? ""))
        {
            var colon = item.IndexOf(':');
            if (colon < 1 || ProtocolNamed(item[(colon + 1)..].Trim()) is not { } protocol)
            {
                throw new StartupException($"{config.OriginOf(Key)}: {Key}: '{item}' is not NAME:PROTOCOL with a protocol of "
                    + "PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL");
            }

            protocols[item[..colon].Trim().ToUpperInvariant()] = protocol;
        }

        return protocols;
    }

    private static SecurityProtocol ProtocolOf(
        string name, Dictionary<string, SecurityProtocol> protocols, bool isController, string origin)
    {
        // A controller's listener needs no entry while the map is Kafka's default one.
        var protocol = protocols.TryGetValue(name, out var mapped) ? mapped : ProtocolNamed(name);
        if (protocol is null && isController)
        {
            protocol = SecurityProtocol.Plaintext;
        }

        return protocol switch
        {
            null => throw new StartupException($"{origin}: listener {name} has no security protocol; add {name}:PLAINTEXT to "
                + "listener.security.protocol.map"),
            SecurityProtocol.Plaintext => SecurityProtocol.Plaintext,
            _ => throw new StartupException($"{origin}: listener {name} asks for {NameOf(protocol.Value)}, which this version does not "
                + "have; use PLAINTEXT"),
        };
    }

    private static SecurityProtocol? ProtocolNamed(string name) => name.ToUpperInvariant() switch
    {
        "PLAINTEXT" => SecurityProtocol.Plaintext,
        "SSL" => SecurityProtocol.Ssl,
        "SASL_PLAINTEXT" => SecurityProtocol.SaslPlaintext,
        "SASL_SSL" => SecurityProtocol.SaslSsl,
        _ => null,
    };

    private static string NameOf(SecurityProtocol protocol) => protocol switch
    {
        SecurityProtocol.Plaintext => "PLAINTEXT",
        SecurityProtocol.Ssl => "SSL",
        SecurityProtocol.SaslPlaintext => "SASL_PLAINTEXT",
        _ => "SASL_SSL",
    };

    private static Dictionary<string, HostAndPort> Advertised(BrokerConfig config)
    {
        const string Key = "advertised.listeners";
        var origin = config.OriginOf(Key);
        var advertised = new Dictionary<string, HostAndPort>(StringComparer.Ordinal);
        foreach (var item in config.Items(Key))
        {
            var (name, endpoint) = Split(item, origin, Key);
            if (endpoint.Host is "0.0.0.0" or "::")
            {
                throw new StartupException($"{origin}: {Key} names {endpoint.Host}, which no client can reach; name a host or an address");
            }

            advertised[name] = endpoint;
        }

        return advertised;
    }

    private static HostAndPort AdvertisedOf(
        string name, HostAndPort endpoint, Dictionary<string, HostAndPort> advertised, bool isNarrowed)
    {
        if (advertised.TryGetValue(name, out var told))
        {
            return told.Host.Length > 0 ? told : told with { Host = isNarrowed ? "localhost" : Dns.GetHostName() };
        }

        return endpoint.Host switch
        {
            "" => endpoint with { Host = isNarrowed ? "localhost" : Dns.GetHostName() },
            "0.0.0.0" or "::" => endpoint with { Host = Dns.GetHostName() },
            _ => endpoint,
        };
    }

    private static IPEndPoint Bind(HostAndPort endpoint, string name, bool allowPublic, string origin)
    {
        var address = endpoint.Host switch
        {
            "" => allowPublic ? IPAddress.Any : IPAddress.Loopback,
            "localhost" => IPAddress.Loopback,
            _ when IPAddress.TryParse(endpoint.Host, out var literal) => literal,
            _ => Resolve(endpoint.Host, name, origin),
        };
        if (!allowPublic && !IPAddress.IsLoopback(address))
        {
            throw new StartupException($"{origin}: listener {name} on {endpoint} would be open to other machines without authentication; "
                + HowToAllow);
        }

        return new IPEndPoint(address, endpoint.Port);
    }

    private static IPAddress Resolve(string host, string name, string origin)
    {
        try
        {
            return Dns.GetHostAddresses(host) is [var first, ..] ? first : throw new SocketException((int)SocketError.HostNotFound);
        }
        catch (SocketException fault)
        {
            throw new StartupException(
                $"{origin}: the host '{host}' of listener {name} cannot be resolved; use an address of this machine", fault);
        }
    }
}
