using System.Runtime.InteropServices;

namespace Barnabas.Broker.Worlds;

/// <summary>
/// The system calls of the epoll wire (Linux). Each returns -1 and sets the last system error when it fails. None blocks, as every
/// descriptor is non-blocking, except <see cref="EpollWait"/>.
/// </summary>
internal static unsafe partial class SystemCalls
{
    public const int EpollIn = 0x1;
    public const int EpollOut = 0x4;
    public const int EpollError = 0x8;
    public const int EpollHangUp = 0x10;
    public const uint EpollEdge = 1u << 31;

    public const int EpollAdd = 1;
    public const int EpollRemove = 2;
    public const int EpollModify = 3;

    public const int ErrorInterrupted = 4;
    public const int ErrorAgain = 11;
    public const int ErrorTooManyFiles = 24;
    public const int ErrorTooManyFilesInAll = 23;
    public const int ErrorNoBuffers = 105;
    public const int ErrorNoMemory = 12;

    public const int CloseOnExec = 0x80000;
    public const int NonBlocking = 0x800;
    public const int SendNoSignal = 0x4000;
    public const int SendMore = 0x8000;

    private const string LibC = "libc";

    [LibraryImport(LibC, EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int EpollCreate(int flags);

    [LibraryImport(LibC, EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int EpollControl(int epoll, int operation, int descriptor, byte* epollEvent);

    [LibraryImport(LibC, EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int EpollWait(int epoll, byte* events, int eventsMax, int timeoutMs);

    [LibraryImport(LibC, EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventDescriptor(uint initial, int flags);

    [LibraryImport(LibC, EntryPoint = "accept4", SetLastError = true)]
    public static partial int Accept(int descriptor, byte* address, int* addressLength, int flags);

    [LibraryImport(LibC, EntryPoint = "recv", SetLastError = true)]
    public static partial nint Receive(int descriptor, byte* buffer, nuint length, int flags);

    [LibraryImport(LibC, EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(int descriptor, byte* buffer, nuint length, int flags);

    [LibraryImport(LibC, EntryPoint = "sendfile", SetLastError = true)]
    public static partial nint SendFile(int to, int from, long* position, nuint length);

    [LibraryImport(LibC, EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetOption(int descriptor, int level, int option, int* value, uint valueLength);

    [LibraryImport(LibC, EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, void* buffer, nuint length);

    [LibraryImport(LibC, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport(LibC, EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    /// <summary>The errno of the last call of this thread that failed.</summary>
    public static int LastError => Marshal.GetLastPInvokeError();

    /// <summary>The text of <see cref="LastError"/> for a message.</summary>
    public static IOException Failure(string call) => new($"{call}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
}
