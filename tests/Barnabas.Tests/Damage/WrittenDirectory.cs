using Barnabas.Log;
using Barnabas.Log.Batches;
using Barnabas.Log.Indexes;
using Barnabas.Log.Segments;

namespace Barnabas.Tests.Damage;

/// <summary>One batch as it was written.</summary>
/// <param name="File">Its data file.</param>
/// <param name="Position">First byte in it.</param>
/// <param name="Bytes">All of it.</param>
internal sealed record WrittenBatch(string File, int Position, long BaseOffset, long LastOffset, byte[] Bytes)
{
    /// <summary>True for the same bytes; the leader epoch lies outside of the checksum, and is another matter.</summary>
    public bool IsSameAs(ReadOnlySpan<byte> other) =>
        Bytes.AsSpan(0, 12).SequenceEqual(other[..12]) && Bytes.AsSpan(16).SequenceEqual(other[16..]);
}

/// <summary>
/// What a sound data directory holds, read straight from its files: the truth that damaged copies are held against. Immutable.
/// </summary>
internal sealed class WrittenDirectory
{
    private readonly List<WrittenBatch> _all = [];

    public WrittenDirectory(MemoryDisk disk)
    {
        Disk = disk;
        Files = [.. disk.Files];
        var kinds = Files.GroupBy(DirectoryMutation.KindOf).OrderBy(kind => kind.Key, StringComparer.Ordinal);
        Kinds = [.. kinds.Select(kind => kind.ToArray())];
        foreach (var path in Files)
        {
            Read(path);
        }

        ByOffset = _all.ToLookup(batch => batch.BaseOffset);
    }

    public MemoryDisk Disk { get; }

    /// <summary>Paths of all files, in order.</summary>
    public string[] Files { get; }

    /// <summary>The same, by kind.</summary>
    public string[][] Kinds { get; }

    /// <summary>Batches in their order, by partition directory.</summary>
    public Dictionary<string, List<WrittenBatch>> Batches { get; } = new(StringComparer.Ordinal);

    /// <summary>The batches of all files that begin at an offset: a file in another's place holds what was written there.</summary>
    public ILookup<long, WrittenBatch> ByOffset { get; }

    /// <summary>Log start, and aborted transactions, that a partition has when nothing is damaged; filled by the test.</summary>
    public Dictionary<string, (long Start, IReadOnlyList<AbortedTransaction> Aborted)> Sound { get; } = new(StringComparer.Ordinal);

    /// <summary>A directory that waits to be removed, and files beside the data, hold no partition's records.</summary>
    private void Read(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        var isData = path.EndsWith(SegmentNames.Data, StringComparison.Ordinal)
            && TopicPartition.TryParse(Path.GetFileName(folder), out _);
        if (isData)
        {
            Batches.TryAdd(folder, []);
        }

        var bytes = Disk.Get(path);
        for (var at = 0; StoredBatch.TryRead(bytes.AsSpan(at), out var frame) && frame.SizeBytes <= bytes.Length - at;)
        {
            var batch = new WrittenBatch(path, at, frame.BaseOffset, frame.LastOffset, bytes[at..(at + (int)frame.SizeBytes)]);
            _all.Add(batch);
            if (isData)
            {
                Batches[folder].Add(batch);
            }

            at += batch.Bytes.Length;
        }
    }
}
