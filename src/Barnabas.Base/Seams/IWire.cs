using System.Net;
using Barnabas.Base.Loops;

namespace Barnabas.Base.Seams;

/// <summary>
/// The network as a seam: <c>EpollWire</c> and <c>SocketWire</c> in production, <c>SimWire</c> in the simulator. It moves bytes and says
/// when it can; frames, order and limits are the business of whoever accepts. Every socket belongs to one loop: all its members are called
/// on that loop, and all its events come in that loop's turns.
/// </summary>
public interface IWire
{
    /// <summary>
    /// Listens; accepted sockets are given to <paramref name="loops"/> in turn. Connecting is accepted from the moment this returns.
    /// </summary>
    /// <param name="endPoint">Port 0 takes a free port, which <see cref="IWireListener.EndPoint"/> tells.</param>
    /// <param name="backlogMax">Connections that may wait to be accepted.</param>
    /// <param name="loops">The owners of what is accepted; the first also accepts. All must be hosted by what this wire needs for its
    /// events.</param>
    /// <param name="acceptor">Told of each connection.</param>
    /// <param name="paused">True to leave every connection in the backlog until <see cref="IWireListener.Paused"/> is set to false.</param>
    /// <exception cref="IOException">The address cannot be listened on.</exception>
    IWireListener Listen(IPEndPoint endPoint, int backlogMax, IReadOnlyList<Loop> loops, IWireAcceptor acceptor, bool paused);
}

/// <summary>A listening address. Safe from any thread.</summary>
public interface IWireListener
{
    /// <summary>The address with the real port.</summary>
    IPEndPoint EndPoint { get; }

    /// <summary>True while connections are left waiting in the backlog.</summary>
    bool Paused { get; set; }

    /// <summary>Frees the port; connections that were accepted live on. Calling it again does nothing.</summary>
    void Close();
}

/// <summary>Who takes the connections of a listener.</summary>
public interface IWireAcceptor
{
    /// <summary>A peer has connected; false closes the connection at once. Called on the first of the listener's loops.</summary>
    bool Admit(IPEndPoint remote);

    /// <summary>
    /// An admitted connection has come to its loop. Called in a turn of that loop; null closes it. What the connection sends is told to the
    /// result from now on.
    /// </summary>
    IWireEvents? Accepted(IWireSocket socket, Loop loop);

    /// <summary>
    /// Connections were refused by the system, such as for lack of file descriptors. Called on the first of the listener's loops.
    /// </summary>
    void Refused(string reason);
}

/// <summary>What the owner of a socket is told, always in a turn of the socket's loop and never from inside a call to the socket.</summary>
public interface IWireEvents
{
    /// <summary>
    /// There are bytes, or the end, to receive. Told again as long as that is so and <see cref="IWireSocket.Reading"/> is on, at most once
    /// a turn; it may be told once more after reading was turned off.
    /// </summary>
    void OnReadable();

    /// <summary>There is room again after a send that took fewer bytes than it was given. Told once for each such send.</summary>
    void OnWritable();

    /// <summary>
    /// The connection is gone in both directions: only <see cref="IWireSocket.Close"/> makes sense. Told even while reading is off, where
    /// the platform can tell.
    /// </summary>
    void OnBroken();
}

/// <summary>One connection. Owned by its loop.</summary>
public interface IWireSocket
{
    /// <summary>The peer.</summary>
    IPEndPoint RemoteEndPoint { get; }

    /// <summary>True to be told of bytes to receive. On at first.</summary>
    bool Reading { get; set; }

    /// <summary>Takes bytes that have arrived, without waiting: a count, or one of <see cref="WireResult"/>.</summary>
    int Receive(Span<byte> buffer);

    /// <summary>
    /// Sends without waiting: how many bytes were taken, or <see cref="WireResult.Broken"/>. Fewer than given means that the owner waits
    /// for
    /// <see cref="IWireEvents.OnWritable"/> before it sends the rest. The buffer may be reused as soon as
    /// the call returns, but the bytes that were not taken must be the first of the next call.
    /// </summary>
    /// <param name="bytes">At least one.</param>
    /// <param name="more">More follows at once, so that a small packet is not worth sending yet.</param>
    int Send(ReadOnlySpan<byte> bytes, bool more);

    /// <summary>
    /// As <see cref="Send"/> for bytes of a file, without copying them where the platform can. <see cref="WireResult.FileEnded"/> when the
    /// file has none at that position.
    /// </summary>
    int SendFile(IByteSource file, long position, int length);

    /// <summary>Ends the connection at once in both directions. No event comes after it. Calling it again does nothing.</summary>
    void Close();
}

/// <summary>What <see cref="IWireSocket"/> returns instead of a count of bytes.</summary>
public static class WireResult
{
    /// <summary>Received nothing: the peer has sent its last byte.</summary>
    public const int Ended = 0;

    /// <summary>Nothing can be done now; an event will tell when.</summary>
    public const int WouldBlock = -1;

    /// <summary>The connection is gone.</summary>
    public const int Broken = -2;

    /// <summary>The file is shorter than what was promised of it.</summary>
    public const int FileEnded = -3;
}

/// <summary>A file that the kernel can send by itself. An <see cref="IByteSource"/> that is not one is read and sent.</summary>
public interface IKernelFile
{
    /// <summary>The open file's descriptor, valid while the file is open.</summary>
    int Descriptor { get; }
}

/// <summary>What keeps a file's bytes where they are while a reply is on its way. Safe from any thread.</summary>
public interface IFileLease
{
    /// <summary>One more place needs the bytes.</summary>
    void Retain();

    /// <summary>One place fewer needs the bytes.</summary>
    void Release();
}
