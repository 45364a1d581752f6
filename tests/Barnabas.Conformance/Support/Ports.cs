using System.Net;
using System.Net.Sockets;

namespace Barnabas.Conformance.Support;

/// <summary>
/// Free loopback ports below the range from which the system takes outgoing ones: a client that keeps connecting to the port of a
/// broker that is down would otherwise meet itself. Any thread may ask.
/// </summary>
internal static class Ports
{
    private const int First = 20300;
    private const int Count = 200;

    private static int next = Environment.ProcessId;

    public static int Take()
    {
        for (var attempt = 0; attempt < Count; attempt++)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref next) % Count);
            if (IsFree(port))
            {
                return port;
            }
        }

        throw new InvalidOperationException($"no free port from {First} to {First + Count - 1}");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
