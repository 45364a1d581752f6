using Barnabas.Base.Bytes;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;
using Barnabas.Protocol.Records;

namespace Barnabas.Cluster.Raft;

/// <summary>What a snapshot says besides metadata.</summary>
/// <param name="TimestampMs">Timestamp of the last batch that it covers.</param>
/// <param name="KRaftVersion">Below 1 neither this nor the voters are written.</param>
/// <param name="Voters">The voter set at the snapshot's end.</param>
public sealed record SnapshotHead(long TimestampMs, short KRaftVersion, VoterSet Voters);

/// <summary>
/// Writes one snapshot, which appears under its name whole and durable or not at all. Blocks: owned and used once by a thread beside the
/// metadata loop, over records that do not change.
/// </summary>
public sealed class SnapshotWriter : IDisposable
{
    /// <summary>Ends the name of a snapshot that is being written.</summary>
    internal const string PartSuffix = ".part";

    /// <summary>Bytes of a batch, as Kafka limits them.</summary>
    private const int BatchBytesMax = 8 << 20;

    private const int RecordsPerBatchMax = 2000;
    private readonly SnapshotId _id;
    private readonly long _timestampMs;
    private readonly ByteWriter _bytes = new(64 << 10);
    private readonly ByteWriter _value = new();
    private readonly RecordBatchBuilder _batch;
    private long _nextOffset;
    private long _written;
    private bool _open;

    private SnapshotWriter(SnapshotId id, long timestampMs)
    {
        _id = id;
        _timestampMs = timestampMs;
        _batch = new RecordBatchBuilder(_bytes);
    }

    /// <summary>Writes the snapshot <paramref name="id"/> into the directory of the metadata log.</summary>
    public static void Write(IDisk disk, string directory, SnapshotId id, SnapshotHead head, IEnumerable<MetadataRecord> records) =>
        WriteFile(disk, directory, id.FileName, id, head, records);

    /// <summary>As <see cref="Write"/>, under any name: the file <c>bootstrap.checkpoint</c> is a snapshot too.</summary>
    public static void WriteFile(
        IDisk disk, string directory, string name, SnapshotId id, SnapshotHead head, IEnumerable<MetadataRecord> records)
    {
        var part = Path.Join(directory, name + PartSuffix);
        using (var writer = new SnapshotWriter(id, head.TimestampMs))
        {
            FaultPoint.Here("snapshot.before-write");
            disk.Delete(part);
            using var file = disk.Open(part, FileOpen.CreateOrTruncate);
            writer.WriteHead(head);
            foreach (var record in records)
            {
                writer.Add(record, file);
            }

            writer.WriteFoot(file);
            FaultPoint.Here("snapshot.before-sync");
            file.Sync();
        }

        disk.SetReadOnly(part);
        FaultPoint.Here("snapshot.before-rename");
        disk.Rename(part, Path.Join(directory, name));
        FaultPoint.Here("snapshot.before-directory-sync");
        disk.SyncDirectory(directory);
        FaultPoint.Here("snapshot.stored");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _batch.Dispose();
        _bytes.Dispose();
        _value.Dispose();
    }

    private void WriteHead(SnapshotHead head)
    {
        Begin(isControl: true);
        var header = new SnapshotHeaderRecord { LastContainedLogTimestamp = head.TimestampMs };
        ControlRecords.Append(_batch, _timestampMs, ControlRecordType.SnapshotHeader, header, 0);
        if (head.KRaftVersion > 0)
        {
            var version = new KRaftVersionRecord { KRaftVersion = head.KRaftVersion };
            ControlRecords.Append(_batch, _timestampMs, ControlRecordType.KRaftVersion, version, 0);
            ControlRecords.Append(_batch, _timestampMs, ControlRecordType.KRaftVoters, head.Voters.ToRecord(), 0);
        }

        End();
    }

    private void Add(MetadataRecord record, IDiskFile file)
    {
        _value.Reset();
        record.Write(_value);
        if (_open && (_batch.Count == RecordsPerBatchMax || _batch.SizeBytes + _value.Length > BatchBytesMax / 2))
        {
            End();
            Flush(file);
        }

        if (!_open)
        {
            Begin(isControl: false);
        }

        _batch.Append(_timestampMs, OptionalBytes.Null, _value.Written);
    }

    private void WriteFoot(IDiskFile file)
    {
        if (_open)
        {
            End();
        }

        Begin(isControl: true);
        ControlRecords.Append(_batch, _timestampMs, ControlRecordType.SnapshotFooter, new SnapshotFooterRecord(), 0);
        End();
        Flush(file);
    }

    private void Begin(bool isControl)
    {
        _batch.Begin(new BatchOptions { BaseOffset = _nextOffset, PartitionLeaderEpoch = _id.Epoch, IsControl = isControl });
        _open = true;
    }

    private void End()
    {
        _nextOffset = _batch.NextOffset;
        _batch.End();
        _open = false;
    }

    private void Flush(IDiskFile file)
    {
        file.Write(_bytes.Written, _written);
        _written += _bytes.Length;
        _bytes.Reset();
    }
}
