using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Barnabas.Shared;

namespace Barnabas.Tests.Protocol.Records;

public sealed class ControlRecordsTests
{
    /// <summary>A snapshot's three batches and the first batch of a metadata log, as Kafka 4.3.1 wrote them.</summary>
    private static readonly byte[] Golden =
        File.ReadAllBytes(Checkout.At("tests/Barnabas.Tests/Protocol/Records/Golden/kraft-control.log"));

    [Fact]
    public void What_Kafka_wrote_is_read_and_written_again_byte_for_byte()
    {
        using var output = new ByteWriter();
        using var builder = new RecordBatchBuilder(output);
        var types = new List<ControlRecordType>();
        while (output.Length < Golden.Length)
        {
            var batch = Golden.AsSpan(output.Length);
            Assert.True(RecordBatchHeader.TryRead(batch, out var header));
            Assert.True(header.IsControl);
            builder.Begin(new BatchOptions
            {
                BaseOffset = header.BaseOffset, PartitionLeaderEpoch = header.PartitionLeaderEpoch, IsControl = true,
            });
            var reader = new RecordReader(batch, header);
            while (reader.TryRead(out var record))
            {
                Assert.True(ControlRecords.TryReadType(record.Key, out var type));
                types.Add(type);
                ControlRecords.Append(builder, header.BaseTimestamp + record.TimestampDelta, type, Read(type, record.Value), 0);
            }

            builder.End();
        }

        Assert.Equal(Golden, output.Written.ToArray());
        Assert.Equal(
            [
                ControlRecordType.SnapshotHeader, ControlRecordType.KRaftVersion, ControlRecordType.KRaftVoters,
                ControlRecordType.SnapshotFooter, ControlRecordType.LeaderChange, ControlRecordType.KRaftVersion,
                ControlRecordType.KRaftVoters,
            ],
            types);
    }

    [Theory]
    [InlineData(true, "Commit")]
    [InlineData(false, "Abort")]
    public void Markers_come_back(bool commit, string type)
    {
        using var output = new ByteWriter();
        WriteMarker(output, commit);
        Assert.True(RecordBatchHeader.TryRead(output.Written, out var header));
        Assert.Equal(0x30, header.Attributes);
        var reader = new RecordReader(output.Written, header);
        Assert.True(reader.TryRead(out var record));
        Assert.True(ControlRecords.TryReadType(record.Key, out var read));
        Assert.Equal(type, read.ToString());
        Assert.Equal("000000000007", Convert.ToHexString(record.Value.Span));
        Assert.True(ControlRecords.TryReadMarker(record.Value, out var epoch));
        Assert.Equal(7, epoch);
    }

    [Fact]
    public void Bytes_that_are_no_control_record_are_told()
    {
        Assert.False(ControlRecords.TryReadType(default, out _));
        Assert.False(ControlRecords.TryReadType(new byte[] { 0, 0, 0 }, out _));
        Assert.False(ControlRecords.TryReadType(new byte[] { 0xFF, 0xFF, 0, 1 }, out _));
        Assert.True(ControlRecords.TryReadType(new byte[] { 0, 1, 0, 9, 5 }, out var type));
        Assert.Equal((ControlRecordType)9, type);
        Assert.False(ControlRecords.TryReadMarker(new byte[] { 0, 0, 0, 0, 0 }, out _));
        Assert.Throws<MalformedException>(() => ControlRecords.Read<VotersRecord>(default));
        Assert.Throws<MalformedException>(() => ControlRecords.Read<VotersRecord>(new byte[] { 0, 0, 0, 0, 9 }));
        Assert.Throws<MalformedException>(() => ControlRecords.Read<VotersRecord>(new byte[] { 0, 9, 0, 9 }));
    }

    [Trait("Category", "Slow")]
    [PeerFact(Need.Peer)]
    public void Kafkas_dump_log_reads_our_markers()
    {
        using var output = new ByteWriter();
        WriteMarker(output, true);
        WriteMarker(output, false);
        var dump = PeerTests.DumpLog(output.Written.ToArray());
        Assert.Single(dump, line => line.Contains("endTxnMarker: COMMIT coordinatorEpoch: 7", StringComparison.Ordinal));
        Assert.Single(dump, line => line.Contains("endTxnMarker: ABORT coordinatorEpoch: 7", StringComparison.Ordinal));
    }

    private static void WriteMarker(ByteWriter output, bool commit)
    {
        using var builder = new RecordBatchBuilder(output);
        builder.Begin(new BatchOptions
        {
            BaseOffset = commit ? 0 : 1, IsControl = true, IsTransactional = true, ProducerId = 3, ProducerEpoch = 2,
        });
        ControlRecords.AppendMarker(builder, RawBatch.Now, commit, 7);
        builder.End();
    }

    private static IMessage Read(ControlRecordType type, OptionalBytes value) => type switch
    {
        ControlRecordType.LeaderChange => ControlRecords.Read<LeaderChangeMessage>(value),
        ControlRecordType.SnapshotHeader => ControlRecords.Read<SnapshotHeaderRecord>(value),
        ControlRecordType.SnapshotFooter => ControlRecords.Read<SnapshotFooterRecord>(value),
        ControlRecordType.KRaftVersion => ControlRecords.Read<KRaftVersionRecord>(value),
        _ => ControlRecords.Read<VotersRecord>(value),
    };
}
