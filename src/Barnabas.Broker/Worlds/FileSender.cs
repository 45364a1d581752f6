using Barnabas.Base.Seams;

namespace Barnabas.Broker.Worlds;

/// <summary>Sends bytes of files that the kernel cannot send by itself. One buffer per thread; any thread.</summary>
internal static class FileSender
{
    private const int PieceBytes = 64 * 1024;

    [ThreadStatic]
    private static byte[]? _piece;

    /// <summary>Reads and sends pieces until the socket takes no more; results as <see cref="IWireSocket.SendFile"/>.</summary>
    public static int ReadAndSend(IWireSocket socket, IByteSource file, long position, int length)
    {
        var piece = _piece ??= new byte[PieceBytes];
        var total = 0;
        while (total < length)
        {
            var read = file.Read(piece.AsSpan(0, Math.Min(piece.Length, length - total)), position + total);
            if (read <= 0)
            {
                return WireResult.FileEnded;
            }

            var sent = socket.Send(piece.AsSpan(0, read), total + read < length);
            if (sent < 0)
            {
                return sent;
            }

            total += sent;
            if (sent < read)
            {
                break;
            }
        }

        return total;
    }
}
