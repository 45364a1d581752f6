using System.Net;
using System.Net.Sockets;

namespace Barnabas.Broker.Worlds;

/// <summary>Opens listening sockets for both wires. Stateless.</summary>
internal static class ListenSocket
{
    /// <summary>A bound, listening, non-blocking socket.</summary>
    /// <exception cref="IOException">The address is taken, not of this machine, or not allowed.</exception>
    public static Socket Open(IPEndPoint endPoint, int backlogMax)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            ReuseAddress(socket);
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Blocking = false;
            socket.Bind(endPoint);
            socket.Listen(backlogMax);
            return socket;
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new IOException($"cannot listen on {endPoint}: {Explain(failure)}", failure);
        }
    }

    /// <summary>
    /// A port whose old connections still linger may be listened on again. Set by its number, because .NET's option of that name would also
    /// let two brokers share the port.
    /// </summary>
    private static void ReuseAddress(Socket socket)
    {
        if (OperatingSystem.IsLinux())
        {
            socket.SetRawSocketOption(1, 2, [1, 0, 0, 0]);
        }
        else if (OperatingSystem.IsMacOS())
        {
            socket.SetRawSocketOption(0xFFFF, 4, [1, 0, 0, 0]);
        }
    }

    private static string Explain(SocketException failure) => failure.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => "the port is in use",
        SocketError.AccessDenied => "permission denied",
        SocketError.AddressNotAvailable => "the address is not one of this machine",
        _ => failure.Message,
    };
}
