using Barnabas.Base;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;
using Barnabas.Protocol.Records;

namespace Barnabas.Cluster.Raft;

/// <summary>Takes what a snapshot or the log says, in order. Called by whoever reads, on its thread.</summary>
internal interface IMetadataReader
{
    /// <summary>A batch of metadata records begins.</summary>
    void Batch(in RecordBatchHeader header);

    void Record(MetadataRecord record, long offset);

    void Voters(VoterSet voters, long offset);

    void KRaftVersion(short version);

    /// <summary>A control record of any type was met.</summary>
    void Control(ControlRecordType type)
    {
    }

    /// <summary>False to be told of batches and types of control records only.</summary>
    bool WantsRecords => true;
}

/// <summary>Reads the batches of the metadata log and of its snapshots. Stateless.</summary>
internal static class MetadataBatches
{
    /// <summary>
    /// Reads the whole batches that <paramref name="bytes"/> begins with, from <paramref name="fromOffset"/> on, and returns how many bytes
    /// they had.
    /// </summary>
    /// <exception cref="MalformedException">A batch is rotten, compressed, or says what this program does not understand.</exception>
    public static int Read(ReadOnlySpan<byte> bytes, long fromOffset, IMetadataReader reader)
    {
        var at = 0;
        while (bytes.Length - at >= RecordBatchHeader.HeaderBytes)
        {
            if (!RecordBatchHeader.TryRead(bytes[at..], out var header))
            {
                throw new MalformedException("the metadata holds bytes that are not a record batch");
            }

            if (header.SizeBytes > bytes.Length - at)
            {
                break;
            }

            var batch = bytes.Slice(at, (int)header.SizeBytes);
            if (header.Crc != BatchStamp.ComputeCrc(batch) || header.Compression != CompressionType.None)
            {
                throw new MalformedException($"the metadata batch at offset {header.BaseOffset} is rotten or compressed");
            }

            if (header.LastOffset >= fromOffset)
            {
                ReadBatch(batch, header, reader);
            }

            at += batch.Length;
        }

        return at;
    }

    private static void ReadBatch(ReadOnlySpan<byte> batch, in RecordBatchHeader header, IMetadataReader reader)
    {
        var records = new RecordReader(batch, header);
        if (!header.IsControl)
        {
            reader.Batch(header);
        }

        while (records.TryRead(out var record))
        {
            var offset = header.BaseOffset + record.OffsetDelta;
            if (header.IsControl)
            {
                ReadControl(record, offset, reader);
            }
            else if (reader.WantsRecords)
            {
                reader.Record(MetadataRecord.Read(record.Value.Span), offset);
            }
        }
    }

    private static void ReadControl(in Record record, long offset, IMetadataReader reader)
    {
        if (!ControlRecords.TryReadType(record.Key, out var type))
        {
            throw new MalformedException($"the metadata holds a control record without a type at offset {offset}");
        }

        reader.Control(type);
        if (!reader.WantsRecords)
        {
            return;
        }

        switch (type)
        {
            case ControlRecordType.KRaftVoters:
                reader.Voters(VoterSet.Of(ControlRecords.Read<VotersRecord>(record.Value)), offset);
                break;
            case ControlRecordType.KRaftVersion:
                reader.KRaftVersion(ControlRecords.Read<KRaftVersionRecord>(record.Value).KRaftVersion);
                break;
            case ControlRecordType.LeaderChange or ControlRecordType.SnapshotHeader or ControlRecordType.SnapshotFooter:
                break;
            default:
                throw new MalformedException($"the metadata holds a control record of type {(short)type}, which is not known");
        }
    }
}
