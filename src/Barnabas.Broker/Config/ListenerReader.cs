using System.Net;
using System.Net.Sockets;

namespace Barnabas.Broker.Config;

/// <summary>
/// Makes listeners of the keys that speak of them, and refuses those that would be open to the world. Stateless. On the way to the first
/// answer: lists that are searched, because each kind of dictionary would have to be compiled.
/// </summary>
internal static class ListenerReader
{
    private const string HowToAllow =
        "use a loopback address, or --insecure-allow-public (barnabas.insecure.allow.public=true) to allow it";

    /// <summary>A listener as one of the keys names it.</summary>
    private sealed record Endpoint(string Name, HostAndPort At);

    /// <summary>The listeners in the order of <c>listeners</c>.</summary>
    /// <exception cref="StartupException">They contradict each other, cannot be resolved, or are public without permission.</exception>
    public static IReadOnlyList<ListenerConfig> Read(BrokerConfig config)
    {
        var origin = config.OriginOf("listeners");
        var advertised = Endpoints(config, "advertised.listeners");
        var controllers = config.Items("controller.listener.names");
        var listeners = new List<ListenerConfig>();
        foreach (var endpoint in Endpoints(config, "listeners"))
        {
            var name = endpoint.Name;
            var isController = Array.IndexOf(controllers, name) >= 0;
            var isNarrowed = endpoint.At.Host.Length == 0 && !config.AllowPublic;
            var protocol = ProtocolOf(name, config, isController, origin);
            var bind = Bind(endpoint, config.AllowPublic, origin);
            var told = AdvertisedOf(endpoint, Find(advertised, name), isNarrowed);
            listeners.Add(new ListenerConfig(name, protocol, bind, told, isController, isNarrowed));
        }

        CheckAll(listeners, advertised, config);
        return listeners;
    }

    private static void CheckAll(List<ListenerConfig> listeners, List<Endpoint> advertised, BrokerConfig config)
    {
        var origin = config.OriginOf("listeners");
        var clients = 0;
        for (var i = 0; i < listeners.Count; i++)
        {
            clients += listeners[i].IsController ? 0 : 1;
            for (var j = 0; j < i; j++)
            {
                if (listeners[i].Bind.Port != 0 && listeners[i].Bind.Equals(listeners[j].Bind))
                {
                    throw new StartupException(
                        $"{origin}: listeners {listeners[j].Name} and {listeners[i].Name} have the same address {listeners[i].Bind}");
                }
            }
        }

        if (clients == 0)
        {
            throw new StartupException($"{origin}: listeners has no listener for clients; add one like PLAINTEXT://127.0.0.1:9092");
        }

        foreach (var told in advertised)
        {
            CheckNamed(told.Name, "advertised.listeners", listeners, config);
            if (told.At.Host is "0.0.0.0" or "::")
            {
                throw new StartupException($"{config.OriginOf("advertised.listeners")}: advertised.listeners names {told.At.Host}, which "
                    + "no client can reach; name a host or an address");
            }
        }

        if (config.Text("inter.broker.listener.name") is { } interBroker)
        {
            CheckNamed(interBroker.ToUpperInvariant(), "inter.broker.listener.name", listeners, config);
        }
    }

    private static void CheckNamed(string name, string key, List<ListenerConfig> listeners, BrokerConfig config)
    {
        foreach (var listener in listeners)
        {
            if (listener.Name == name)
            {
                return;
            }
        }

        throw new StartupException($"{config.OriginOf(key)}: {key} names {name}, which listeners does not have");
    }

    private static List<Endpoint> Endpoints(BrokerConfig config, string key)
    {
        var endpoints = new List<Endpoint>();
        foreach (var item in config.Items(key))
        {
            var at = item.IndexOf("://", StringComparison.Ordinal);
            if (at < 1 || !HostAndPort.TryParse(item[(at + 3)..], out var parsed))
            {
                throw new StartupException($"{config.OriginOf(key)}: {key}: '{item}' is not NAME://host:port");
            }

            var name = item[..at].ToUpperInvariant();
            if (Find(endpoints, name) is not null)
            {
                throw new StartupException($"{config.OriginOf(key)}: {key} names {name} twice; each listener has a name of its own");
            }

            endpoints.Add(new Endpoint(name, parsed));
        }

        return endpoints;
    }

    private static Endpoint? Find(List<Endpoint> endpoints, string name)
    {
        foreach (var endpoint in endpoints)
        {
            if (endpoint.Name == name)
            {
                return endpoint;
            }
        }

        return null;
    }

    private static SecurityProtocol ProtocolOf(string name, BrokerConfig config, bool isController, string origin)
    {
        var protocol = ProtocolInMap(name, config);
        if (protocol == SecurityProtocol.Unknown)
        {
            // A controller's listener needs no entry while the map is Kafka's default one.
            protocol = isController ? SecurityProtocol.Plaintext : ProtocolNamed(name);
        }

        return protocol switch
        {
            SecurityProtocol.Plaintext => protocol,
            SecurityProtocol.Unknown => throw new StartupException(
                $"{origin}: listener {name} has no security protocol; add {name}:PLAINTEXT to listener.security.protocol.map"),
            _ => throw new StartupException($"{origin}: listener {name} asks for {NameOf(protocol)}, which this version does not "
                + "have; use PLAINTEXT"),
        };
    }

    private static SecurityProtocol ProtocolInMap(string name, BrokerConfig config)
    {
        const string Key = "listener.security.protocol.map";
        var found = SecurityProtocol.Unknown;
        foreach (var item in config.Items(Key))
        {
            var colon = item.IndexOf(':');
            var protocol = colon < 1 ? SecurityProtocol.Unknown : ProtocolNamed(item[(colon + 1)..].Trim().ToUpperInvariant());
            if (protocol == SecurityProtocol.Unknown)
            {
                throw new StartupException($"{config.OriginOf(Key)}: {Key}: '{item}' is not NAME:PROTOCOL with a protocol of "
                    + "PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL");
            }

            found = item[..colon].Trim().ToUpperInvariant() == name ? protocol : found;
        }

        return found;
    }

    private static SecurityProtocol ProtocolNamed(string name) => name switch
    {
        "PLAINTEXT" => SecurityProtocol.Plaintext,
        "SSL" => SecurityProtocol.Ssl,
        "SASL_PLAINTEXT" => SecurityProtocol.SaslPlaintext,
        "SASL_SSL" => SecurityProtocol.SaslSsl,
        _ => SecurityProtocol.Unknown,
    };

    private static string NameOf(SecurityProtocol protocol) => protocol switch
    {
        SecurityProtocol.Plaintext => "PLAINTEXT",
        SecurityProtocol.Ssl => "SSL",
        SecurityProtocol.SaslPlaintext => "SASL_PLAINTEXT",
        _ => "SASL_SSL",
    };

    private static HostAndPort AdvertisedOf(Endpoint endpoint, Endpoint? advertised, bool isNarrowed)
    {
        var told = (advertised ?? endpoint).At;
        return told.Host switch
        {
            "" => new HostAndPort(isNarrowed ? "localhost" : Dns.GetHostName(), told.Port),
            "0.0.0.0" or "::" => new HostAndPort(Dns.GetHostName(), told.Port),
            _ => told,
        };
    }

    private static IPEndPoint Bind(Endpoint endpoint, bool allowPublic, string origin)
    {
        var host = endpoint.At.Host;
        var address = host switch
        {
            "" => allowPublic ? IPAddress.Any : IPAddress.Loopback,
            "127.0.0.1" or "localhost" => IPAddress.Loopback,
            _ when IPAddress.TryParse(host, out var literal) => literal,
            _ => Resolve(endpoint, origin),
        };
        if (!allowPublic && !IPAddress.IsLoopback(address))
        {
            throw new StartupException($"{origin}: listener {endpoint.Name} on {endpoint.At} would be open to other machines without "
                + $"authentication; {HowToAllow}");
        }

        return new IPEndPoint(address, endpoint.At.Port);
    }

    private static IPAddress Resolve(Endpoint endpoint, string origin)
    {
        try
        {
            return Dns.GetHostAddresses(endpoint.At.Host) is [var first, ..] ? first
                : throw new SocketException((int)SocketError.HostNotFound);
        }
        catch (SocketException fault)
        {
            throw new StartupException($"{origin}: the host '{endpoint.At.Host}' of listener {endpoint.Name} cannot be resolved; use an "
                + "address of this machine", fault);
        }
    }
}
