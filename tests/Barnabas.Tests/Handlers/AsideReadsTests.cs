using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Broker.Handlers.Fetching;
using Barnabas.Log.Segments;

namespace Barnabas.Tests.Handlers;

/// <summary>Reads beside the page cache: what is held for replies is bounded, and what is in the cache is left to the socket.</summary>
public sealed class AsideReadsTests
{
    private readonly ColdFile _file = new();
    private readonly AsideReads _reads = new([]);

    [Fact]
    public void What_is_in_the_page_cache_is_not_read_at_all()
    {
        _file.IsResident = true;
        Assert.Null(_reads.Read(Slice(100)));
        Assert.Equal((0, 0, 0L), (_file.Reads, _file.ReadsAside, _reads.HeldBytes));
    }

    [Fact]
    public void Bytes_are_held_until_the_last_reply_has_let_go()
    {
        var bytes = _reads.Read(Slice(100))!;
        bytes.Retain();
        bytes.Release();
        Assert.Equal(100, _reads.HeldBytes);
        bytes.Release();
        Assert.Equal((0L, 1), (_reads.HeldBytes, _file.ReadsAside));
    }

    [Fact]
    public void Where_too_much_is_held_the_page_cache_holds_the_rest()
    {
        var held = new List<AsideBytes>();
        while (_reads.Read(Slice(AsideReads.AnswerBytesMax)) is { } bytes)
        {
            held.Add(bytes);
            Assert.True(held.Count < 100, "nothing bounds what is held");
        }

        Assert.Equal((16, 1), (held.Count, _file.Reads));
        Assert.Equal(64L << 20, _reads.HeldBytes);
        held[0].Release();
        using (var room = new Released(_reads.Read(Slice(AsideReads.AnswerBytesMax))))
        {
            Assert.NotNull(room.Bytes);
        }

        held[1..].ForEach(bytes => bytes.Release());
        Assert.Equal(0, _reads.HeldBytes);
    }

    [Fact]
    public void A_file_that_ends_within_its_log_is_a_fault_and_holds_nothing()
    {
        _file.EndsAfter = 60;
        var error = Assert.Throws<IOException>(() => _reads.Read(Slice(100)));
        Assert.Contains("ends after 60 bytes", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, _reads.HeldBytes);
    }

    private FileSlice Slice(int length) => new(new SegmentLease(_file), 0, length);

    private readonly struct Released(AsideBytes? bytes) : IDisposable
    {
        public AsideBytes? Bytes => bytes;

        public void Dispose() => bytes?.Release();
    }

    /// <summary>A file of zeros that is not in the page cache, and counts who reads it.</summary>
    private sealed class ColdFile : IDiskFile
    {
        public string Path => "cold";

        public long Length => long.MaxValue;

        public bool IsResident { get; set; }

        public int EndsAfter { get; set; } = int.MaxValue;

        public int Reads { get; private set; }

        public int ReadsAside { get; private set; }

        public int Read(Span<byte> buffer, long position)
        {
            Reads++;
            return buffer.Length;
        }

        int IDiskFile.ReadAside(Span<byte> buffer, long position)
        {
            ReadsAside++;
            return Math.Min(buffer.Length, EndsAfter);
        }

        bool IDiskFile.IsResident(long position, int length) => IsResident;

        public void Write(ReadOnlySpan<byte> bytes, long position) => throw new NotSupportedException();

        public void Write(ReadOnlySpan<BytePiece> pieces, long position) => throw new NotSupportedException();

        public void Truncate(long length) => throw new NotSupportedException();

        public void Reserve(long length) => throw new NotSupportedException();

        public void Sync() => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
