using System.Net.Sockets;
using Barnabas.Base;
using Barnabas.Broker.Config;
using Barnabas.Broker.Quorum;
using Barnabas.Log.Directories;

namespace Barnabas.App;

/// <summary>Turns a fault of the world into one sentence that says what to do. Stateless.</summary>
internal static class StartupFaults
{
    private const int NotPermitted = 1;
    private const int AccessDenied = 13;
    private const int NoSpace = 28;
    private const int ReadOnlyFileSystem = 30;
    private const int QuotaExceeded = 122;

    /// <summary>The sentence; null when the fault is not of the world but a bug, whose stack trace has to be seen.</summary>
    public static string? Explain(Exception fault) => fault switch
    {
        StartupException or LogDirectoryException or QuorumException or MalformedException => fault.Message,
        SocketException => Explain(fault.Message, fault),
        IOException { InnerException: SocketException } => Explain(fault.Message, fault.InnerException),
        FileNotFoundException or DirectoryNotFoundException =>
            $"{fault.Message.TrimEnd('.')}; nothing can be made there: choose another directory with --data",
        UnauthorizedAccessException => $"{fault.Message}; give this user the right to write there, or choose another directory with --data",
        IOException => $"{fault.Message}{Advice(fault.HResult)}",
        _ => null,
    };

    private static string Explain(string message, Exception fault) => ((SocketException)fault).SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => $"{message}; stop the program that has it, or choose another with --listen HOST:PORT",
        SocketError.AccessDenied => $"{message}; choose a port of 1024 or more with --listen HOST:PORT",
        SocketError.AddressNotAvailable => $"{message}; choose another with --listen HOST:PORT",
        _ => message,
    };

    private static string Advice(int errno) => errno switch
    {
        NoSpace or QuotaExceeded => "; the disk is full: make room, or choose another directory with --data",
        AccessDenied or NotPermitted => "; give this user the right to write there, or choose another directory with --data",
        ReadOnlyFileSystem => "; the file system is read-only: choose another directory with --data",
        _ => "",
    };
}
