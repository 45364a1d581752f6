using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Protocol.Records;
using Xunit;
using static Barnabas.Tests.Cluster.Groups.GroupBench;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>
/// One partition of <c>__consumer_offsets</c> as Apache Kafka 4.3.1 wrote it for a static member, clients without groups, a deleted group,
/// a consumer group, a share group, and three transactions: committed, aborted, and still open.
/// </summary>
public sealed class KafkaOffsetsLogTests
{
    private static readonly TransactionEndRecord Nothing = new(-2, false);

    [Fact]
    public void Kafkas_groups_go_on_here()
    {
        var log = GroupBench.NewLog();
        Each((record, header, type) => log.Records.Add(type is { } end
            ? new GroupRecordCodec().ReadTransactionEnd(header.ProducerId, end == ControlRecordType.Commit)
            : new GroupRecordCodec().Read(record, header) ?? Nothing));
        Assert.Equal(27, log.EndOffset);
        log.HighWatermark = log.EndOffset;
        var bench = new GroupBench(log: log, wallMs: 1_795_260_000_000);

        Assert.Equal(
            [
                "consumer52 consumer consumer Stable", "share13 share share Stable", "simple23 classic  Empty",
                "static18 classic consumer Stable", "txn50 classic  Empty",
            ],
            bench.List().Select(g => $"{g.GroupId} {g.GroupType} {g.ProtocolType} {g.GroupState}"));
        var described = bench.Describe("static18");
        var member = Assert.Single(described.Members);
        Assert.Equal(("range", "i1"), (described.ProtocolData, member.GroupInstanceId));
        Assert.Equal(("cl", "/127.0.0.1"), (member.ClientId, member.ClientHost));
        Assert.Equal("work"u8.ToArray(), member.MemberAssignment);
        Assert.Equal(ErrorCode.None, bench.Heartbeat("static18", member.MemberId, 1, "i1"));
        Assert.Equal((11, "m"), (bench.Fetch("static18", "golden", 0).CommittedOffset, bench.Fetch("static18", "golden", 0).Metadata));
        Assert.Equal([2, 77], new[] { 0, 1 }.Select(p => bench.Fetch("simple23", "golden", p).CommittedOffset));
        Assert.Equal([100, 101, -1], new[] { 0, 1, 2 }.Select(p => bench.Fetch("txn50", "golden", p).CommittedOffset));
        Assert.Equal(ErrorCode.UnstableOffsetCommit, bench.Fetch("txn50", "golden", 2, stable: true).ErrorCode);
        Assert.Equal(ErrorCode.None, bench.Fetch("txn50", "golden", 0, stable: true).ErrorCode);
    }

    [Fact]
    public void What_is_read_is_written_byte_for_byte_as_Kafka_does()
    {
        var compared = 0;
        Each((record, header, type) =>
        {
            var codec = new GroupRecordCodec();
            var known = type is null && !header.IsTransactional ? codec.Read(record, header) : null;
            if (known is not (OffsetRecord or GroupMetadataRecord))
            {
                return;
            }

            using var bytes = new ByteWriter();
            using var batch = new RecordBatchBuilder(bytes);
            batch.Begin(new BatchOptions());
            codec.Write(known, 0, batch);
            batch.End();
            Assert.True(RecordBatchHeader.TryRead(bytes.Written, out var written));
            var reader = new RecordReader(bytes.Written, written);
            Assert.True(reader.TryRead(out var again));
            Assert.Equal(Hex(record.Key), Hex(again.Key));
            Assert.Equal(Hex(record.Value), Hex(again.Value));
            compared++;
        });
        Assert.Equal(9, compared);
    }

    private static string Hex(OptionalBytes bytes) => bytes.HasValue ? Convert.ToHexString(bytes.Span) : "null";

    private static void Each(RecordAction action)
    {
        using var stream = typeof(KafkaOffsetsLogTests).Assembly.GetManifestResourceStream("kafka-4.3.1.offsets.log")!;
        var log = new byte[stream.Length];
        stream.ReadExactly(log);
        for (var at = 0; at < log.Length;)
        {
            Assert.True(RecordBatchHeader.TryRead(log.AsSpan(at), out var header));
            var reader = new RecordReader(log.AsSpan(at, (int)header.SizeBytes), header);
            while (reader.TryRead(out var record))
            {
                action(record, header, header.IsControl && ControlRecords.TryReadType(record.Key, out var type) ? type : null);
            }

            at += (int)header.SizeBytes;
        }
    }

    private delegate void RecordAction(Barnabas.Protocol.Records.Record record, RecordBatchHeader header, ControlRecordType? end);
}
