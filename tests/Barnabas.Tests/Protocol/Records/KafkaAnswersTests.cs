using System.Globalization;
using System.IO.Compression;
using Barnabas.Base;
using Barnabas.Protocol.Records;
using Barnabas.Shared;

namespace Barnabas.Tests.Protocol.Records;

/// <summary>
/// 2,000 spoiled batches of all codecs with what Kafka 4.3.1 answered to each and what it stored. A line has: the topic (fzc is compacted,
/// fzl has append time), the version of Produce, Kafka's clock, its error code, the places of its record errors, the bytes sent, and the
/// bytes stored: "=" and their number where they differ in nothing but base offset and leader epoch.
/// </summary>
public sealed class KafkaAnswersTests
{
    [Fact]
    public void Spoiled_batches_get_the_answers_that_Kafka_gave()
    {
        using var file = File.OpenRead(Checkout.At("tests/Barnabas.Tests/Protocol/Records/Golden/produce-answers.gz"));
        using var lines = new StreamReader(new GZipStream(file, CompressionMode.Decompress));
        int same = 0, stricter = 0, otherwise = 0;
        while (lines.ReadLine() is { } line)
        {
            var parts = line.Split(' ');
            var kafka = (ErrorCode)short.Parse(parts[3], CultureInfo.InvariantCulture);
            var sent = parts[5] == "-" ? [] : Convert.FromHexString(parts[5]);
            var (ours, records, stored) = Answer(sent, parts);
            if (kafka == ours && (records == parts[4] || parts[1] == "5"))
            {
                AssertStored(parts, sent, stored);
                same++;
                continue;
            }

            // In compressed batches Kafka does not hold a record's length against its fields, and trips over its own message where offsets
            // are not dense. Both of us refuse, or it takes what no consumer can read.
            Assert.True(sent[RecordBatchHeader.AttributesAt + 1] % 8 != 0, line);
            Assert.Equal(ErrorCode.InvalidRecord, kafka == ErrorCode.InvalidRecord ? kafka : ours);
            stricter += kafka == ErrorCode.None ? 1 : 0;
            otherwise += kafka == ErrorCode.None ? 0 : 1;
        }

        Assert.Equal(2000, same + stricter + otherwise);
        Assert.True(stricter < 60 && otherwise < 20, $"{same} same, {stricter} stricter, {otherwise} otherwise");
    }

    private static (ErrorCode Error, string Records, byte[]? Stored) Answer(byte[] sent, string[] parts)
    {
        var frame = BatchFrame.Read(sent, short.Parse(parts[1], CultureInfo.InvariantCulture));
        if (frame.FailsRequest || (frame.Error != ErrorCode.None && !frame.IsTransactional))
        {
            return (frame.Error, "-", null);
        }

        if (frame.IsTransactional)
        {
            return (ErrorCode.TransactionalIdAuthorizationFailed, "-", null);
        }

        var batch = sent.AsSpan(0, frame.SizeBytes).ToArray();
        var rules = new BatchRules
        {
            NowMs = long.Parse(parts[2], CultureInfo.InvariantCulture), OpensCompressed = true, KeysRequired = parts[0] == "fzc",
            TimestampType = parts[0] == "fzl" ? TimestampType.LogAppendTime : TimestampType.CreateTime,
        };
        var verdict = BatchCheckTests.Run(batch, rules);
        if (verdict.Error == ErrorCode.None)
        {
            verdict.Stamp(batch, StoredHeader(parts) is { } header ? rules with { NowMs = header.MaxTimestamp } : rules);
        }

        var records = verdict.RecordErrors is { } errors ? string.Join(',', errors.Errors.Select(e => e.BatchIndex)) : "-";
        return (verdict.Error, records, verdict.Error == ErrorCode.None ? batch : null);
    }

    private static RecordBatchHeader? StoredHeader(string[] parts) =>
        parts[6][0] is not ('=' or '-') && RecordBatchHeader.TryRead(Convert.FromHexString(parts[6]), out var header) ? header : null;

    private static void AssertStored(string[] parts, byte[] sent, byte[]? stored)
    {
        if (parts[6] == "-")
        {
            return;
        }

        Assert.NotNull(stored);
        var kafka = parts[6][0] == '='
            ? sent.AsSpan(0, int.Parse(parts[6].AsSpan(1), CultureInfo.InvariantCulture)).ToArray()
            : Convert.FromHexString(parts[6]);
        Assert.Equal(kafka.Length, stored.Length);
        const int From = RecordBatchHeader.MagicAt;
        Assert.Equal(Convert.ToHexString(kafka.AsSpan(From)), Convert.ToHexString(stored.AsSpan(From)));
    }
}
