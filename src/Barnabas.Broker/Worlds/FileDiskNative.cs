using System.Runtime.InteropServices;
using Barnabas.Base.Seams;

namespace Barnabas.Broker.Worlds;

/// <summary>
/// The system calls of <see cref="FileDisk"/> on Linux. Each wrapper retries EINTR and turns a failure into an <see cref="IOException"/>
/// that says the call, the path, the name of the errno and its meaning; <see cref="Exception.HResult"/> is the errno. Stateless.
/// </summary>
internal static unsafe partial class FileDiskNative
{
    internal const int ReadOnly = 0, ReadWrite = 2, Create = 0x40, CutToNothing = 0x200, CloseOnExec = 0x80000;
    private const int EndOfFile = 2, KeepSize = 1, SetLock = 6;
    private const short WriteLock = 1;
    private const int NoEntry = 2, Interrupted = 4, TryAgain = 11, NoAccess = 13, NotSupported = 95, NoSpace = 28, QuotaExceeded = 122;

    /// <summary>The most pieces that one pwritev takes.</summary>
    internal const int PiecesMax = 512;

    internal static int Open(string path, int flags)
    {
        int descriptor;
        do
        {
            descriptor = OpenFile(path, flags | CloseOnExec, 0x1A4);
        }
        while (descriptor < 0 && IsInterrupted());

        return descriptor >= 0 ? descriptor : throw Failure("open", path);
    }

    internal static void Close(int descriptor) => CloseFile(descriptor);

    internal static int ReadAt(int descriptor, Span<byte> buffer, long position, string path)
    {
        var done = 0;
        fixed (byte* start = buffer)
        {
            while (done < buffer.Length)
            {
                var read = PRead(descriptor, start + done, (nuint)(buffer.Length - done), position + done);
                if (read == 0)
                {
                    break;
                }

                if (read > 0)
                {
                    done += (int)read;
                }
                else if (!IsInterrupted())
                {
                    throw Failure("pread", path);
                }
            }
        }

        return done;
    }

    internal static void WriteAt(int descriptor, byte* start, int length, long position, string path)
    {
        while (length > 0)
        {
            var written = PWrite(descriptor, start, (nuint)length, position);
            if (written < 0 && !IsInterrupted())
            {
                throw Failure("pwrite", path);
            }

            if (written > 0)
            {
                start += written;
                length -= (int)written;
                position += written;
            }
        }
    }

    /// <summary>Writes up to <see cref="PiecesMax"/> pieces; changes the vector when a write was short.</summary>
    internal static void WriteAt(int descriptor, Span<IoVector> vector, long position, string path)
    {
        fixed (IoVector* first = vector)
        {
            var next = first;
            var count = vector.Length;
            while (count > 0)
            {
                var written = PWriteV(descriptor, next, count, position);
                if (written < 0 && !IsInterrupted())
                {
                    throw Failure("pwritev", path);
                }

                position += written > 0 ? written : 0;
                for (; count > 0 && written >= (nint)next->Length; next++, count--)
                {
                    written -= (nint)next->Length;
                }

                if (count > 0 && written > 0)
                {
                    next->Start += written;
                    next->Length -= (nuint)written;
                }
            }
        }
    }

    internal static long LengthOf(int descriptor, string path)
    {
        var length = Seek(descriptor, 0, EndOfFile);
        return length >= 0 ? length : throw Failure("lseek", path);
    }

    internal static void Truncate(int descriptor, long length, string path) =>
        Retry(static (d, l) => FTruncate(d, l), descriptor, length, "ftruncate", path);

    internal static void SyncData(int descriptor, string path) =>
        Retry(static (d, _) => FDataSync(d), descriptor, 0, "fdatasync", path);

    internal static void SyncAll(int descriptor, string path) =>
        Retry(static (d, _) => FSync(d), descriptor, 0, "fsync", path);

    /// <summary>Reserves blocks without changing the length; false where the file system cannot.</summary>
    internal static bool Reserve(int descriptor, long length, string path)
    {
        while (FAllocate(descriptor, KeepSize, 0, length) != 0)
        {
            if (Marshal.GetLastPInvokeError() == NotSupported)
            {
                return false;
            }

            if (!IsInterrupted())
            {
                throw Failure("fallocate", path);
            }
        }

        return true;
    }

    /// <summary>Takes the write lock of the whole file for this process; false when another process has it.</summary>
    internal static bool TryLock(int descriptor, string path)
    {
        var whole = new FileLock { Type = WriteLock };
        if (FControl(descriptor, SetLock, &whole) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() is TryAgain or NoAccess ? false : throw Failure("fcntl", path);
    }

    internal static void Rename(string from, string to)
    {
        if (RenameFile(from, to) != 0)
        {
            throw Failure("rename", from);
        }
    }

    internal static (long FreeBytes, long TotalBytes) Space(string path)
    {
        var words = stackalloc ulong[32];
        if (StatVfs(path, words) != 0)
        {
            throw Failure("statvfs", path);
        }

        // f_frsize, f_blocks and f_bavail of the 64-bit layout.
        return ((long)(words[1] * words[4]), (long)(words[1] * words[2]));
    }

    /// <summary>The exception for the errno of the last call.</summary>
    internal static IOException Failure(string call, string path)
    {
        var errno = Marshal.GetLastPInvokeError();
        var text = $"{call} {path}: {NameOf(errno)} ({Marshal.GetPInvokeErrorMessage(errno)})";
        return errno switch
        {
            NoEntry => new FileNotFoundException(text, path) { HResult = errno },
            NoSpace or QuotaExceeded when call is not ("fsync" or "fdatasync") => new DiskFullException(text, errno),
            _ => new IOException(text, errno),
        };
    }

    private static void Retry(Func<int, long, int> call, int descriptor, long argument, string name, string path)
    {
        while (call(descriptor, argument) != 0)
        {
            if (!IsInterrupted())
            {
                throw Failure(name, path);
            }
        }
    }

    private static bool IsInterrupted() => Marshal.GetLastPInvokeError() == Interrupted;

    private static string NameOf(int errno) => errno switch
    {
        1 => "EPERM",
        2 => "ENOENT",
        5 => "EIO",
        9 => "EBADF",
        12 => "ENOMEM",
        13 => "EACCES",
        17 => "EEXIST",
        20 => "ENOTDIR",
        21 => "EISDIR",
        22 => "EINVAL",
        23 => "ENFILE",
        24 => "EMFILE",
        27 => "EFBIG",
        28 => "ENOSPC",
        30 => "EROFS",
        36 => "ENAMETOOLONG",
        39 => "ENOTEMPTY",
        116 => "ESTALE",
        122 => "EDQUOT",
        _ => $"errno {errno}",
    };

    /// <summary>struct iovec.</summary>
    internal struct IoVector
    {
        internal byte* Start;
        internal nuint Length;
    }

    /// <summary>struct flock of 64-bit Linux; start and length 0 mean the whole file.</summary>
    private struct FileLock
    {
        internal short Type;
        internal short Whence;
        internal long Start;
        internal long Length;
        internal int Pid;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseFile(int descriptor);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static partial nint PRead(int descriptor, byte* buffer, nuint length, long position);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static partial nint PWrite(int descriptor, byte* buffer, nuint length, long position);

    [LibraryImport("libc", EntryPoint = "pwritev", SetLastError = true)]
    private static partial nint PWriteV(int descriptor, IoVector* vector, int count, long position);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(int descriptor, long position, int whence);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    private static partial int FTruncate(int descriptor, long length);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int FAllocate(int descriptor, int mode, long position, long length);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FControl(int descriptor, int command, FileLock* argument);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameFile(string from, string to);

    [LibraryImport("libc", EntryPoint = "statvfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatVfs(string path, ulong* result);
}
