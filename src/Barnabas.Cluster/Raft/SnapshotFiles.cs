using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Metadata;
using Barnabas.Protocol.Records;

namespace Barnabas.Cluster.Raft;

/// <summary>A finished snapshot.</summary>
/// <param name="Id">What it covers.</param>
/// <param name="SizeBytes">Its size.</param>
/// <param name="WrittenMs">When it was written, wall-clock milliseconds.</param>
public sealed record SnapshotFile(SnapshotId Id, long SizeBytes, long WrittenMs);

/// <summary>
/// The snapshots in the metadata log's directory. Blocks: used while loading and by the thread beside the metadata loop, one at a time.
/// </summary>
public sealed class SnapshotFiles(IDisk disk, string directory)
{
    private const string DeletedSuffix = ".deleted", DamagedSuffix = ".damaged";
    private const int ReadBytes = 1 << 20;

    /// <summary>All finished snapshots, the oldest first; what a crash left half done is removed.</summary>
    public IReadOnlyList<SnapshotFile> List()
    {
        var found = new List<SnapshotFile>();
        foreach (var entry in disk.List(directory))
        {
            if (SnapshotId.TryParse(entry.Name, out var id))
            {
                found.Add(new SnapshotFile(id, entry.Length, entry.ModifiedMs));
            }
            else if (entry.Name.Contains(SnapshotId.Suffix + ".", StringComparison.Ordinal))
            {
                disk.Delete(Path.Join(directory, entry.Name));
            }
        }

        return found;
    }

    /// <summary>
    /// True when a snapshot is all there: batches with good checksums, a header first and a footer last. What its records say is not
    /// looked at.
    /// </summary>
    public bool IsWhole(SnapshotId id)
    {
        var frame = new SnapshotFrame();
        try
        {
            ReadFile(id.FileName, frame);
            return frame.IsWhole;
        }
        catch (MalformedException)
        {
            return false;
        }
    }

    /// <summary>Takes a snapshot that is not whole out of the way, under a name that neither Kafka nor this program looks at.</summary>
    public string SetAside(SnapshotId id)
    {
        var path = Path.Join(directory, id.FileName);
        var aside = path[..^SnapshotId.Suffix.Length] + DamagedSuffix;
        disk.Rename(path, aside);
        disk.SyncDirectory(directory);
        return aside;
    }

    /// <summary>Reads a snapshot.</summary>
    /// <exception cref="MalformedException">It is not whole.</exception>
    internal void Read(SnapshotId id, IMetadataReader reader) => ReadFile(id.FileName, reader);

    /// <summary>As <see cref="Read"/>, for a file of any name.</summary>
    internal void ReadFile(string name, IMetadataReader reader)
    {
        using var file = disk.Open(Path.Join(directory, name), FileOpen.Read);
        var buffer = new byte[Math.Min(ReadBytes, file.Length)];
        long position = 0;
        while (position < file.Length)
        {
            var there = file.Read(buffer, position);
            var used = MetadataBatches.Read(buffer.AsSpan(0, there), 0, reader);
            position += used;
            if (used == 0)
            {
                if (there < buffer.Length || there == file.Length - position)
                {
                    throw new MalformedException($"{file.Path} ends in the middle of a batch");
                }

                buffer = new byte[Math.Min(buffer.Length * 2L, file.Length)];
            }
        }
    }

    /// <summary>Removes a snapshot that a newer one has replaced.</summary>
    public void Delete(SnapshotId id)
    {
        var path = Path.Join(directory, id.FileName);
        FaultPoint.Here("snapshot.before-delete");
        disk.Rename(path, path + DeletedSuffix);
        FaultPoint.Here("snapshot.before-remove");
        disk.Delete(path + DeletedSuffix);
    }

    /// <summary>Sees whether a snapshot has a beginning and an end. Owned by who reads it, and used once.</summary>
    private sealed class SnapshotFrame : IMetadataReader
    {
        private bool _hasHeader, _hasFooter;

        public bool IsWhole => _hasHeader && _hasFooter;

        public bool WantsRecords => false;

        public void Batch(in RecordBatchHeader header) => _hasFooter = false;

        public void Control(ControlRecordType type)
        {
            _hasHeader |= type == ControlRecordType.SnapshotHeader;
            _hasFooter = type == ControlRecordType.SnapshotFooter;
        }

        public void Record(MetadataRecord record, long offset)
        {
        }

        public void Voters(VoterSet voters, long offset)
        {
        }

        public void KRaftVersion(short version)
        {
        }
    }
}
