using System.Net;

namespace Barnabas.Broker.Network;

/// <summary>Counts the connections of a broker, in all and by address, and says when there are enough. Safe from any thread.</summary>
internal sealed class ConnectionCounts(NetworkServer server)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, int> _byAddress = [];
    private int _count;

    /// <summary>Connections now.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>True when no listener should accept another.</summary>
    public bool IsFull => Count >= server.Limits.ConnectionsMax;

    /// <summary>Counts a connection unless its address has enough.</summary>
    public bool TryAdd(IPAddress address)
    {
        lock (_gate)
        {
            var limits = server.Limits;
            var ofAddress = _byAddress.GetValueOrDefault(address);
            if (ofAddress >= limits.ConnectionsPerIpOverrides.GetValueOrDefault(address, limits.ConnectionsPerIpMax))
            {
                return false;
            }

            _byAddress[address] = ofAddress + 1;
            _count++;
            return true;
        }
    }

    /// <summary>A connection has ended.</summary>
    public void Remove(IPAddress address)
    {
        lock (_gate)
        {
            _count--;
            if (--_byAddress[address] == 0)
            {
                _byAddress.Remove(address);
            }
        }
    }
}
