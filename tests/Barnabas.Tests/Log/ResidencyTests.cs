using Barnabas.Base.Seams;
using Barnabas.Broker.Worlds;
using Barnabas.Log;

namespace Barnabas.Tests.Log;

/// <summary>
/// What a look-up that must not wait asks the page cache for before it touches a file: all that it is going to read, and nothing of the
/// log's tail.
/// </summary>
public sealed class ResidencyTests : IDisposable
{
    private readonly AskedDisk _disk = new();
    private readonly LogFixture _fixture;

    public ResidencyTests() => _fixture = new LogFixture
    {
        Disk = _disk, Config = LogConfig.Default with { SegmentBytes = 64 << 20, IndexIntervalBytes = 4096 },
    };

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void The_walk_from_the_index_to_the_offset_is_asked_for_too()
    {
        var batchBytes = Fill(60, valueBytes: 900);
        _fixture.Log.Roll(_fixture.NowMs);
        Assert.True(TryRead(30, bytesMax: 2000));
        var (from, length) = Assert.Single(_disk.Asked);
        Assert.InRange(from, 1, 30 * batchBytes); // an entry of the index before the batch
        Assert.True(from + length >= (30 * batchBytes) + 2000);
        Assert.True(length >= 2000 + (8 << 10));

        _disk.IsCold = true;
        _disk.Reads = 0;
        Assert.False(TryRead(30, bytesMax: 2000));
        Assert.Equal(0, _disk.Reads);
    }

    [Fact]
    public void An_index_that_is_not_in_memory_is_not_read()
    {
        Fill(60, valueBytes: 900);
        _fixture.Log.Roll(_fixture.NowMs);
        _fixture.ReopenClean();
        _fixture.Log.Publish(_fixture.Log.LogEndOffset);
        _disk.Reads = 0;
        Assert.False(TryRead(30, bytesMax: 2000));
        Assert.Equal((0, 0), (_disk.Reads, _disk.Asked.Count));

        // Who may wait reads it, and then it is there.
        var slice = _fixture.Log.View.Slice(30, 2000, ReadLimit.LogEnd, minOneBatch: true);
        Assert.Equal(30, LogFixture.HeadersOf(LogFixture.BytesOf(slice))[0].BaseOffset);
        Assert.True(TryRead(30, bytesMax: 2000));
    }

    [Fact]
    public void The_tail_of_the_active_segment_is_not_asked_for_and_what_lies_before_it_is()
    {
        Fill(20, valueBytes: 1_000_000);
        _disk.IsCold = true;
        Assert.True(TryRead(19, bytesMax: 1 << 20));
        Assert.True(TryRead(6, bytesMax: 1 << 20));
        Assert.Empty(_disk.Asked);
        Assert.False(TryRead(1, bytesMax: 1 << 20));
        Assert.Single(_disk.Asked);

        // A sealed segment has no tail.
        _fixture.Log.Roll(_fixture.NowMs);
        Assert.False(TryRead(19, bytesMax: 1 << 20));
    }

    private int Fill(int batches, int valueBytes)
    {
        for (var i = 0; i < batches; i++)
        {
            _fixture.Append(1, valueBytes: valueBytes);
        }

        return (int)(_fixture.Log.View.SizeBytes / batches);
    }

    private bool TryRead(long offset, int bytesMax)
    {
        if (!_fixture.Log.View.TrySlice(offset, bytesMax, ReadLimit.LogEnd, minOneBatch: true, out var slice))
        {
            return false;
        }

        Assert.Equal(offset, LogFixture.HeadersOf(LogFixture.BytesOf(slice))[0].BaseOffset);
        return true;
    }

    /// <summary>A disk that notes what it is asked for, and says as it is told. For one thread.</summary>
    private sealed class AskedDisk : IDisk
    {
        private readonly FileDisk _inner = new();

        public bool IsCold { get; set; }

        public int Reads { get; set; }

        public List<(long From, int Length)> Asked { get; } = [];

        public IDiskFile Open(string path, FileOpen mode)
        {
            Reads++;
            return new AskedFile(this, _inner.Open(path, mode));
        }

        public bool FileExists(string path) => _inner.FileExists(path);

        public bool DirectoryExists(string path) => _inner.DirectoryExists(path);

        public void CreateDirectory(string path) => _inner.CreateDirectory(path);

        public IReadOnlyList<DiskEntry> List(string path) => _inner.List(path);

        public void Rename(string from, string to) => _inner.Rename(from, to);

        public void Delete(string path) => _inner.Delete(path);

        public void DeleteDirectory(string path) => _inner.DeleteDirectory(path);

        public void SyncDirectory(string path) => _inner.SyncDirectory(path);

        public (long FreeBytes, long TotalBytes) Space(string path) => _inner.Space(path);

        public IDisposable? TryLock(string path) => _inner.TryLock(path);

        private sealed class AskedFile(AskedDisk disk, IDiskFile inner) : IDiskFile
        {
            public string Path => inner.Path;

            public long Length => inner.Length;

            public int Read(Span<byte> buffer, long position)
            {
                disk.Reads++;
                return inner.Read(buffer, position);
            }

            bool IDiskFile.IsResident(long position, int length)
            {
                disk.Asked.Add((position, length));
                return !disk.IsCold;
            }

            public void Write(ReadOnlySpan<byte> bytes, long position) => inner.Write(bytes, position);

            public void Write(ReadOnlySpan<BytePiece> pieces, long position) => inner.Write(pieces, position);

            public void Truncate(long length) => inner.Truncate(length);

            public void Reserve(long length) => inner.Reserve(length);

            public void Sync() => inner.Sync();

            public void Dispose() => inner.Dispose();
        }
    }
}
