using System.Runtime.InteropServices;
using Barnabas.Base.Seams;
using Barnabas.Broker.Worlds;
using Barnabas.Shared;
using Microsoft.Win32.SafeHandles;

namespace Barnabas.Tests.Worlds;

/// <summary>
/// What the page cache is said to hold, beside what <c>mincore</c> says of the same pages: neither the kernel nor what else happens to the
/// machine's memory decides. Beside the program, as a temporary folder may be memory.
/// </summary>
public sealed unsafe partial class PageCacheTests : IDisposable
{
    private const int FileBytes = 8 << 20, DontNeed = 4, DoNotCache = 0x80, CacheStat = 451;
    private readonly string _path = Path.Combine(AppContext.BaseDirectory, $"page-cache-{Environment.ProcessId}");
    private readonly byte[] _bytes = new byte[FileBytes];
    private readonly IDiskFile _file;

    public PageCacheTests()
    {
        new Random(4).NextBytes(_bytes);
        _file = new FileDisk().Open(_path, FileOpen.CreateOrTruncate);
        _file.Write(_bytes, 0);
        _file.Sync();
    }

    private int Descriptor => ((FileDiskFile)_file).Descriptor;

    public void Dispose()
    {
        _file.Dispose();
        File.Delete(_path);
    }

    [PeerFact(Need.Linux)]
    public void It_is_asked_whether_it_holds_a_range()
    {
        CheckSame(0, FileBytes);
        DropAll();
        CheckSame(4 << 20, 1);
        CheckSame(0, FileBytes);
        Assert.Equal(1 << 20, _file.Read(new byte[1 << 20], 0));
        CheckSame(0, FileBytes);
        Assert.Equal(FileBytes, _file.Read(new byte[FileBytes], 0));
        CheckSame(0, FileBytes);
        CheckSame((1 << 20) + 1, 2 << 20);
        Assert.True(_file.IsResident(0, 0));
    }

    [PeerFact(Need.Linux)]
    public void Reading_aside_brings_the_same_bytes()
    {
        DropAll();
        var read = new byte[3 << 20];
        Assert.Equal(read.Length, _file.ReadAside(read, 1));
        Assert.Equal(_bytes[1..((3 << 20) + 1)], read);
        Assert.Equal(5, _file.ReadAside(read, FileBytes - 5));
        Assert.Equal(_bytes[^5..], read[..5]);
        Assert.Equal(0, _file.ReadAside(read, FileBytes));
    }

    [PeerFact(Need.Linux)]
    public void Of_a_file_that_cannot_be_asked_about_all_counts_as_held_and_others_are_asked_on()
    {
        Assert.True(PageCache.Holds(-1, 0, 1));
        DropAll();
        CheckSame(0, FileBytes);
    }

    /// <summary>A file in memory has no pages that could be left out, and its file system says so.</summary>
    [PeerFact(Need.Linux)]
    public void Where_the_file_system_knows_no_reading_aside_it_is_read_as_ever()
    {
        using var file = new SafeFileHandle(MakeInMemory("page-cache", 0), ownsHandle: true);
        var descriptor = (int)file.DangerousGetHandle();
        RandomAccess.Write(file, _bytes.AsSpan(0, 3 << 20), 0);
        var read = new byte[2 << 20];
        Assert.Equal(read.Length, PageCache.ReadAside(descriptor, read, 1, "in memory"));
        Assert.Equal(_bytes[1..((2 << 20) + 1)], read);
        Assert.Equal(5, PageCache.ReadAside(descriptor, read, (3 << 20) - 5, "in memory"));
    }

    [PeerFact(Need.Linux)]
    public void Reading_aside_leaves_the_cache_alone_where_the_system_can()
    {
        var (least, most) = (long.MaxValue, 0L);
        for (var round = 0; round < 5; round++)
        {
            var (bySystem, byFile) = (PagesAfter(ReadAsideBySystem), PagesAfter(() => _file.ReadAside(new byte[FileBytes], 0)));
            most = Math.Max(most, bySystem);
            least = Math.Min(least, byFile);
        }

        // A system that cannot leaves all of them, and so does the file then. Some may come along with those that are asked for.
        most = Math.Max(most, FileBytes / Environment.SystemPageSize / 2);
        Assert.True(least <= most, $"{least} pages stay, and {most} where the system is asked");
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(int descriptor, long position, long length, int advice);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int descriptor, long position);

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeInMemory(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "mincore")]
    private static partial int InCore(nint address, nuint length, byte* pages);

    [LibraryImport("libc", EntryPoint = "preadv2")]
    private static partial nint PReadV2(int descriptor, Vector* vectors, int count, long position, int flags);

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint Call(nint number, int descriptor, ulong* range, ulong* pages, uint flags);

    private void DropAll() => Assert.Equal(0, Advise(Descriptor, 0, 0, DontNeed));

    private long PagesAfter(Action read)
    {
        DropAll();
        read();
        return Pages(0, FileBytes);
    }

    private void ReadAsideBySystem()
    {
        fixed (byte* start = new byte[FileBytes])
        {
            var vector = new Vector { Start = start, Length = FileBytes };
            if (PReadV2(Descriptor, &vector, 1, 0, DoNotCache) < 0)
            {
                Assert.Equal(FileBytes, _file.Read(new Span<byte>(start, FileBytes), 0));
            }
        }
    }

    /// <summary>What is said has to be so, unless it changes while it is looked at.</summary>
    private void CheckSame(long position, int length)
    {
        var first = position / Environment.SystemPageSize;
        var wanted = ((position + length - 1) / Environment.SystemPageSize) - first + 1;
        bool before, said, after;
        do
        {
            before = Pages(position, length) == wanted;
            said = _file.IsResident(position, length);
            after = Pages(position, length) == wanted;
        }
        while (before != after);
        Assert.Equal(before || !CanTell(), said);
    }

    /// <summary>How many of a range's pages are in memory, as mincore says.</summary>
    private long Pages(long position, int length)
    {
        var address = Map(0, FileBytes, 1, 1, Descriptor, 0);
        Assert.NotEqual(-1, address);
        try
        {
            var pages = new byte[FileBytes / Environment.SystemPageSize];
            fixed (byte* start = pages)
            {
                Assert.Equal(0, InCore(address, FileBytes, start));
            }

            var first = (int)(position / Environment.SystemPageSize);
            var last = (int)((position + length - 1) / Environment.SystemPageSize);
            return pages[first..(last + 1)].Count(page => (page & 1) != 0);
        }
        finally
        {
            _ = Unmap(address, FileBytes);
        }
    }

    /// <summary>A kernel that does not know the call is taken to hold everything.</summary>
    private bool CanTell()
    {
        var range = stackalloc ulong[2] { 0, FileBytes };
        var pages = stackalloc ulong[5];
        return Call(CacheStat, Descriptor, range, pages, 0) == 0;
    }

    private struct Vector
    {
        public byte* Start;
        public nuint Length;
    }
}
