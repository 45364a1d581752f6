using System.Diagnostics;
using System.Runtime.InteropServices;
using Barnabas.Base.Bytes;
using Barnabas.Base.Seams;
using Barnabas.Broker.Worlds;
using Barnabas.Shared;

namespace Barnabas.Tests.Worlds;

public sealed unsafe class FileDiskTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory, InlineData(false), InlineData(true)]
    public void Bytes_written_at_a_position_are_read_back_there(bool portable)
    {
        var disk = new FileDisk(portable);
        using var file = disk.Open(_folder.At("a"), FileOpen.OpenOrCreate);
        file.Write("hello"u8, 3);
        Assert.Equal(8, file.Length);
        var buffer = new byte[16];
        Assert.Equal(8, file.Read(buffer, 0));
        Assert.Equal("\0\0\0hello"u8.ToArray(), buffer[..8]);
        Assert.Equal(0, file.Read(buffer, 8));
        file.Truncate(4);
        Assert.Equal(4, disk.List(_folder.Path).Single().Length);
        file.Reserve(1 << 20);
        file.Sync();
        Assert.Equal(4, file.Length);
    }

    [Theory, InlineData(false, 1), InlineData(false, 5), InlineData(false, 1300), InlineData(true, 5)]
    public void A_gathered_write_lays_the_pieces_one_after_the_other(bool portable, int count)
    {
        var lease = BufferPool.RentUnpooled(count * 3);
        var pieces = new BytePiece[count];
        for (var i = 0; i < count; i++)
        {
            // Pieces in reverse order of their addresses, so that only the order of the list can be right.
            pieces[i] = lease.Piece((count - 1 - i) * 3, 3);
            pieces[i].Span.Fill((byte)i);
        }

        using var file = new FileDisk(portable).Open(_folder.At("a"), FileOpen.CreateOrTruncate);
        file.Write(pieces, 7);
        lease.Release();
        var bytes = new byte[7 + (count * 3)];
        Assert.Equal(bytes.Length, file.Read(bytes, 0));
        Assert.Equal(bytes.Length, file.Length);
        for (var i = 0; i < count * 3; i++)
        {
            Assert.Equal((byte)(i / 3), bytes[7 + i]);
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Pieces_larger_than_one_call_are_written_whole(bool portable)
    {
        var lease = BufferPool.RentUnpooled(700_001);
        new Random(3).NextBytes(lease.Span);
        using var file = new FileDisk(portable).Open(_folder.At("a"), FileOpen.CreateOrTruncate);
        file.Write([lease.Piece(0, 10), lease.Piece(10, 131_062), lease.Piece(131_072, 1), lease.Piece(131_073, 568_928)], 5);
        file.Write(lease.Span, 700_006);
        var bytes = new byte[(2 * 700_001) + 6];
        Assert.Equal(bytes.Length - 1, file.Read(bytes, 0));
        Assert.Equal(lease.Span.ToArray(), bytes[5..700_006]);
        Assert.Equal(lease.Span.ToArray(), bytes[700_006..^1]);
        lease.Release();
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Directories_are_made_listed_renamed_and_removed(bool portable)
    {
        var disk = new FileDisk(portable);
        disk.CreateDirectory(_folder.At("d/e"));
        disk.CreateDirectory(_folder.At("d/e"));
        disk.Open(_folder.At("d/z"), FileOpen.OpenOrCreate).Dispose();
        disk.Open(_folder.At("d/B"), FileOpen.OpenOrCreate).Dispose();
        Assert.Equal(["B", "e", "z"], disk.List(_folder.At("d")).Select(e => e.Name));
        Assert.True(disk.List(_folder.At("d"))[1].IsDirectory);
        disk.Rename(_folder.At("d/z"), _folder.At("d/B"));
        disk.Rename(_folder.At("d/e"), _folder.At("d/f"));
        disk.SyncDirectory(_folder.At("d"));
        Assert.Equal(["B", "f"], disk.List(_folder.At("d")).Select(e => e.Name));
        disk.Delete(_folder.At("d/B"));
        disk.Delete(_folder.At("d/B"));
        disk.Delete(_folder.At("no/such"));
        Assert.False(disk.FileExists(_folder.At("d/B")));
        disk.DeleteDirectory(_folder.At("d"));
        disk.DeleteDirectory(_folder.At("d"));
        Assert.False(disk.DirectoryExists(_folder.At("d")));
        Assert.InRange(disk.Space(_folder.Path).FreeBytes, 1, disk.Space(_folder.Path).TotalBytes);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void What_the_disk_cannot_say_is_not_taken_for_an_absence(bool portable)
    {
        var disk = new FileDisk(portable);
        using (disk.Open(_folder.At("file"), FileOpen.OpenOrCreate))
        {
            Assert.True(disk.FileExists(_folder.At("file")) && disk.DirectoryExists(_folder.Path));
        }

        Assert.False(disk.DirectoryExists(_folder.At("file")) || disk.FileExists(_folder.Path));
        Assert.False(disk.FileExists(_folder.At("none")) || disk.DirectoryExists(_folder.At("none/none")));
        Assert.False(disk.DirectoryExists(_folder.At("file/below")));
        var tooLong = _folder.At(new string('x', 300));
        Assert.ThrowsAny<IOException>(() => disk.FileExists(tooLong));
        Assert.ThrowsAny<IOException>(() => disk.DirectoryExists(tooLong));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Failures_are_IOExceptions_that_name_the_path(bool portable)
    {
        var disk = new FileDisk(portable);
        var path = _folder.At("missing/file");
        Assert.Contains(path, Assert.ThrowsAny<IOException>(() => disk.Open(path, FileOpen.Read)).Message);
        Assert.ThrowsAny<IOException>(() => disk.Open(path, FileOpen.CreateOrTruncate));
        Assert.ThrowsAny<IOException>(() => disk.Rename(path, _folder.At("x")));
        Assert.ThrowsAny<IOException>(() => disk.List(_folder.At("missing")));
        Assert.ThrowsAny<IOException>(() => disk.SyncDirectory(_folder.At("missing")));
        Assert.ThrowsAny<IOException>(() => disk.Open(_folder.Path, FileOpen.OpenOrCreate));
    }

    [PeerFact(Need.Linux)]
    public void A_full_disk_shows_the_name_of_the_errno()
    {
        using var file = new FileDisk().Open("/dev/full", FileOpen.ReadWrite);
        Assert.Contains("ENOSPC", Assert.Throws<DiskFullException>(() => file.Write("x"u8, 0)).Message);
        var bytes = stackalloc byte[2];
        Assert.Contains("pwritev /dev/full: ENOSPC",
            Assert.Throws<DiskFullException>(() => file.Write([new BytePiece(bytes, 1), new BytePiece(bytes, 1)], 0)).Message);
    }

    [PeerFact(Need.Linux)]
    public void A_failing_sync_is_not_hidden()
    {
        // A file that cannot be synced: fdatasync of a pipe end answers EINVAL, which the flushes of .NET pass over in silence.
        using var file = new FileDisk().Open("/proc/self/fd/" + PipeEnd(), FileOpen.ReadWrite);
        Assert.Contains("fdatasync", Assert.Throws<IOException>(file.Sync).Message);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_lock_is_held_once_in_this_process(bool portable)
    {
        var disk = new FileDisk(portable);
        using (var held = disk.TryLock(_folder.At(".lock")))
        {
            Assert.NotNull(held);
            Assert.Null(disk.TryLock(_folder.At(".lock")));
            Assert.Null(disk.TryLock(_folder.At("./.lock")));
        }

        using var again = disk.TryLock(_folder.At(".lock"));
        Assert.NotNull(again);
    }

    [PeerFact(Need.Linux)]
    public void A_lock_is_seen_by_other_processes_through_fcntl()
    {
        using var held = new FileDisk().TryLock(_folder.At(".lock"));
        // /proc/locks lists what the kernel holds: an fcntl write lock of this process on the whole of that file.
        var inode = Run("stat", "-c", "%i", _folder.At(".lock")).Trim();
        var mine = File.ReadAllLines("/proc/locks").Where(l => l.Contains($" {Environment.ProcessId} ") && l.Contains($":{inode} "));
        var line = Assert.Single(mine);
        Assert.Contains("POSIX", line);
        Assert.Contains("WRITE", line);
        Assert.EndsWith("0 EOF", line);
    }

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }

    private static int PipeEnd()
    {
        var ends = stackalloc int[2];
        Assert.Equal(0, Pipe(ends));
        return ends[0];
    }

    [DllImport("libc", EntryPoint = "pipe")]
    private static extern int Pipe(int* ends);
}
