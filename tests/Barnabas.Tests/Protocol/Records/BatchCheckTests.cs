using Barnabas.Base;
using Barnabas.Protocol.Records;

namespace Barnabas.Tests.Protocol.Records;

/// <summary>Rows of the table in docs/internals/records.md, as Kafka 4.3.1 was seen to answer them.</summary>
public sealed class BatchCheckTests
{
    private const int Gzip = 1;
    private static readonly BatchRules Rules = new() { Topic = "t", Partition = 7, NowMs = RawBatch.Now, OpensCompressed = true };

    /// <summary>What is wrong, with one of the records or with the batch, and Kafka's answer uncompressed and in gzip.</summary>
    public static TheoryData<string, ErrorCode, ErrorCode> Cases => new()
    {
        { "good", ErrorCode.None, ErrorCode.None },
        { "crc", ErrorCode.CorruptMessage, ErrorCode.CorruptMessage },
        { "crc and control", ErrorCode.CorruptMessage, ErrorCode.CorruptMessage },
        { "crc and base offset", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "control", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "base offset 5", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "base offset -1", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "no records", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "count 0", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "count -1", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "count and delta -1", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "last offset delta 5", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "last offset delta -1", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "one record more promised", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "one record fewer promised", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "all the records of the world promised", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "unused attributes", ErrorCode.None, ErrorCode.None },
        { "append time", ErrorCode.None, ErrorCode.None },
        { "producer without sequence", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "sequence -2", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "sequence without producer", ErrorCode.None, ErrorCode.None },
        { "offsets 0,2,1", ErrorCode.None, ErrorCode.UnknownServerError },
        { "offsets from 1", ErrorCode.None, ErrorCode.UnknownServerError },
        { "record attributes", ErrorCode.None, ErrorCode.None },
        { "record length +1", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "record length -1", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "record tail", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "key length -2", ErrorCode.None, ErrorCode.None },
        { "key length huge", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "header count -1", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "header count 1 of 0", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "header count huge", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "header key null", ErrorCode.InvalidRecord, ErrorCode.InvalidRecord },
        { "header key no UTF-8", ErrorCode.None, ErrorCode.None },
        { "header value null", ErrorCode.None, ErrorCode.None },
        { "key null", ErrorCode.None, ErrorCode.None },
        { "value null", ErrorCode.None, ErrorCode.None },
        { "too new", ErrorCode.InvalidTimestamp, ErrorCode.InvalidTimestamp },
        { "no timestamps", ErrorCode.None, ErrorCode.None },
        { "timestamp overflows", ErrorCode.InvalidTimestamp, ErrorCode.InvalidTimestamp },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Uncompressed(string wrong, ErrorCode kafka, ErrorCode _) => Assert.Equal(kafka, Run(Make(wrong), Rules).Error);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Compressed(string wrong, ErrorCode _, ErrorCode kafka)
    {
        var raw = Make(wrong);
        Assert.Equal(kafka, Run(raw with { Attributes = raw.Attributes | Gzip }, Rules).Error);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void A_codec_that_never_was_has_no_code_of_its_own(int codec)
    {
        Assert.Equal(ErrorCode.UnknownServerError, Run(new RawBatch { Attributes = codec, Count = 5 }, Rules).Error);
        Assert.Equal(ErrorCode.CorruptMessage, Run(new RawBatch { Attributes = codec, CrcError = 1 }, Rules).Error);
    }

    [Fact]
    public void Size_is_judged_before_the_checksum_and_after_the_base_offset()
    {
        var small = Rules with { BatchBytesMax = 87 };
        Assert.Equal(ErrorCode.MessageTooLarge, Run(new RawBatch { CrcError = 1 }, small).Error);
        Assert.Equal(ErrorCode.InvalidRecord, Run(new RawBatch { BaseOffset = 5 }, small).Error);
        Assert.Equal(ErrorCode.None, Run(new RawBatch(), Rules with { BatchBytesMax = 88 }).Error);
    }

    [Fact]
    public void A_length_below_the_header_is_corrupt()
    {
        var bytes = new RawBatch { LengthError = 48 - (88 - 12) }.ToArray().AsSpan(0, 60);
        Assert.Equal(ErrorCode.CorruptMessage, BatchCheck.Check(bytes, Rules).Error);
    }

    [Theory]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 1, 1 }, ErrorCode.UnknownServerError)]
    [InlineData(new byte[] { 0xFF }, ErrorCode.InvalidRecord)]
    [InlineData(new byte[] { 1, 1, 1, 1 }, ErrorCode.InvalidRecord)]
    [InlineData(new byte[] { 0, 1, 1, 1 }, ErrorCode.InvalidRecord)]
    [InlineData(new byte[] { 6, 0, 0, 0 }, ErrorCode.InvalidRecord)]
    public void Bytes_that_are_no_record(byte[] body, ErrorCode kafka) =>
        Assert.Equal(kafka, Run(new RawBatch { Records = [new()], Body = body }, Rules).Error);

    [Theory]
    [InlineData(0, 50, 10, 0, 50)]
    [InlineData(0, 50, 10, 500, 50)]
    [InlineData(0, 0, 0, -RawBatch.Now - 1, 0)]
    [InlineData(-RawBatch.Now - 5, -RawBatch.Now - 5, -RawBatch.Now - 5, -RawBatch.Now - 5, -RawBatch.Now - 1)]
    public void A_wrong_largest_timestamp_is_mended(long first, long second, long third, long claimed, long kafka)
    {
        foreach (var attributes in new[] { 0, Gzip })
        {
            var raw = new RawBatch
            {
                Attributes = attributes,
                MaxTimestamp = RawBatch.Now + claimed,
                Records = [new() { TimestampDelta = first }, new() { OffsetDelta = 1, TimestampDelta = second },
                    new() { OffsetDelta = 2, TimestampDelta = third }],
            };
            var batch = raw.ToArray();
            var verdict = Run(raw, Rules);
            Assert.Equal(RawBatch.Now + kafka, verdict.MaxTimestamp);
            verdict.Stamp(batch, Rules);
            Assert.Equal((raw with { MaxTimestamp = RawBatch.Now + kafka }).ToArray(), batch);
        }
    }

    [Fact]
    public void Append_time_keeps_records_and_base_timestamp_and_sets_the_rest()
    {
        var rules = Rules with { TimestampType = TimestampType.LogAppendTime, NowMs = RawBatch.Now + 99 };
        foreach (var attributes in new[] { 0, Gzip })
        {
            var raw = new RawBatch { Attributes = attributes, Records = [new() { TimestampDelta = 7_200_000 }], MaxTimestamp = 5 };
            var batch = raw.ToArray();
            Run(raw, rules).Stamp(batch, rules);
            Assert.Equal((raw with { Attributes = attributes | 8, MaxTimestamp = RawBatch.Now + 99 }).ToArray(), batch);
        }
    }

    [Fact]
    public void The_producers_append_time_is_cleared_and_its_largest_timestamp_stands_for_all()
    {
        var raw = new RawBatch { Attributes = 8, Records = [new() { TimestampDelta = 7_200_000 }] };
        var batch = raw.ToArray();
        Run(raw, Rules).Stamp(batch, Rules);
        Assert.Equal((raw with { Attributes = 0 }).ToArray(), batch);
        Assert.Equal(ErrorCode.InvalidTimestamp, Run(raw with { MaxTimestamp = RawBatch.Now + 7_200_000 }, Rules).Error);
    }

    [Fact]
    public void Unused_attribute_bits_are_kept_until_something_else_changes()
    {
        var raw = new RawBatch { Attributes = 0x7FC0 };
        var batch = raw.ToArray();
        Run(raw, Rules).Stamp(batch, Rules);
        Assert.Equal(raw.ToArray(), batch);
        batch = (raw with { MaxTimestamp = 5 }).ToArray();
        Run(raw with { MaxTimestamp = 5 }, Rules).Stamp(batch, Rules);
        Assert.Equal((raw with { Attributes = 0x40 }).ToArray(), batch);
    }

    [Theory]
    [InlineData(0, "DefaultRecord")]
    [InlineData(Gzip, "PartialDefaultRecord")]
    public void The_producers_append_time_is_refused_where_the_topic_stamps(int attributes, string kind)
    {
        var raw = new RawBatch { Attributes = attributes | 8, MaxTimestamp = 5, Records = [new() { Key = null, Value = "vv" }] };
        var verdict = Run(raw, Rules with { TimestampType = TimestampType.LogAppendTime });
        Assert.Equal(ErrorCode.InvalidTimestamp, verdict.Error);
        Assert.Equal("One or more records have been rejected due to invalid timestamp", verdict.Message);
        var message = $"Invalid timestamp type in message {kind}(offset=0, timestamp=5, key=0 bytes, value=2 bytes). "
            + "Producer should not set timestamp type to LogAppendTime.";
        Assert.Equal([new RecordError(0, message)], verdict.RecordErrors!.Errors);
    }

    [Fact]
    public void Timestamps_outside_the_limits_are_named_record_by_record()
    {
        RawRecord[] records =
            [new(), new() { OffsetDelta = 1, TimestampDelta = 1001 }, new() { OffsetDelta = 2, TimestampDelta = -1001 }];
        var rules = Rules with { TimestampBeforeMaxMs = 1000, TimestampAfterMaxMs = 1000 };
        foreach (var attributes in new[] { 0, Gzip })
        {
            var verdict = Run(new RawBatch { Attributes = attributes, Records = records }, rules);
            Assert.Equal(ErrorCode.InvalidTimestamp, verdict.Error);
            const string Limits = "The timestamp should be within [1699999999000, 1700000001000]";
            Assert.Equal(
                [
                    new RecordError(1, "Timestamp 1700000001001 of message with offset 1 is out of range. " + Limits),
                    new RecordError(2, "Timestamp 1699999998999 of message with offset 2 is out of range. " + Limits),
                ],
                verdict.RecordErrors!.Errors);
        }
    }

    [Fact]
    public void Limits_that_overflow_limit_nothing()
    {
        var rules = Rules with { TimestampAfterMaxMs = long.MaxValue };
        Assert.Equal(ErrorCode.None, Run(new RawBatch { BaseTimestamp = long.MaxValue }, rules).Error);
    }

    [Fact]
    public void Compacted_topics_name_the_records_without_keys()
    {
        var records = Enumerable.Range(0, 5).Select(i => new RawRecord { OffsetDelta = i, Key = i == 1 ? "k" : null }).ToArray();
        var rules = Rules with { KeysRequired = true };
        foreach (var attributes in new[] { 0, Gzip })
        {
            var verdict = Run(new RawBatch { Attributes = attributes, Records = records }, rules);
            Assert.Equal(ErrorCode.InvalidRecord, verdict.Error);
            Assert.Equal([0, 2, 3, 4], verdict.RecordErrors!.Errors.Select(e => e.BatchIndex));
            const string Text = "Compacted topic cannot accept message without key in topic partition t-7";
            Assert.Equal(
                "One or more records have been rejected due to 4 record errors in total, and only showing the first three errors at most: "
                + $"[RecordError(batchIndex=0, message='{Text}'), RecordError(batchIndex=2, message='{Text}'), "
                + $"RecordError(batchIndex=3, message='{Text}')]",
                verdict.Message);
        }
    }

    [Fact]
    public void A_timestamp_decides_the_code_over_keys_and_a_malformed_record_over_both()
    {
        var rules = Rules with { KeysRequired = true };
        var keyless = new RawRecord { Key = null, TimestampDelta = 7_200_000 };
        var late = new RawRecord { OffsetDelta = 1, TimestampDelta = 7_200_000 };
        var verdict = Run(new RawBatch { Records = [keyless, late] }, rules);
        Assert.Equal(ErrorCode.InvalidTimestamp, verdict.Error);
        Assert.StartsWith("Compacted", verdict.RecordErrors!.Errors[0].Message);
        Assert.StartsWith("Timestamp", verdict.RecordErrors.Errors[1].Message);
        verdict = Run(new RawBatch { Records = [keyless, late with { LengthError = 1 }] }, rules);
        Assert.Equal(ErrorCode.InvalidRecord, verdict.Error);
        Assert.Null(verdict.RecordErrors);
    }

    [Fact]
    public void Errors_beyond_the_limit_are_counted_and_not_kept()
    {
        var records = Enumerable.Range(0, RecordErrors.ErrorsMax + 5).Select(i => new RawRecord { OffsetDelta = i, Key = null }).ToArray();
        var errors = Run(new RawBatch { Records = records }, Rules with { KeysRequired = true }).RecordErrors!;
        Assert.Equal(RecordErrors.ErrorsMax, errors.Errors.Count);
        Assert.Equal(RecordErrors.ErrorsMax + 5, errors.Count);
    }

    [Fact]
    public void By_header_a_compressed_batch_passes_unopened_unless_its_header_leaves_a_question()
    {
        var rules = Rules with { OpensCompressed = false };
        var raw = new RawBatch { Attributes = Gzip, Body = "not gzip at all, not at all"u8.ToArray() };
        Assert.Equal(BatchWork.None, BatchCheck.Check(raw.ToArray(), rules).Work);
        Assert.Equal(BatchWork.None, BatchCheck.Check((raw with { Attributes = 9 }).ToArray(), rules).Work);
        Assert.Equal(BatchWork.Open, BatchCheck.Check(raw.ToArray(), rules with { KeysRequired = true }).Work);
        Assert.Equal(BatchWork.Open, BatchCheck.Check((raw with { MaxTimestamp = RawBatch.Now - 1 }).ToArray(), rules).Work);
        Assert.Equal(BatchWork.Open, BatchCheck.Check((raw with { MaxTimestamp = RawBatch.Now + 3_600_001 }).ToArray(), rules).Work);
        Assert.Equal(BatchWork.None, BatchCheck.Check((raw with { MaxTimestamp = RawBatch.Now + 3_600_000 }).ToArray(), rules).Work);
        var appendTime = rules with { TimestampType = TimestampType.LogAppendTime };
        Assert.Equal(BatchWork.None, BatchCheck.Check((raw with { MaxTimestamp = 3 }).ToArray(), appendTime).Work);
        Assert.Equal(BatchWork.Open, BatchCheck.Check((raw with { Attributes = 9 }).ToArray(), appendTime).Work);
        Assert.Equal(ErrorCode.InvalidRecord, BatchCheck.Check((raw with { Count = 2 }).ToArray(), rules).Error);
        Assert.Equal(ErrorCode.UnknownServerError, Run(raw, Rules).Error);
    }

    [Fact]
    public void Another_stored_codec_asks_for_a_rewrite()
    {
        var gzip = new RawBatch { Attributes = Gzip }.ToArray();
        Assert.Equal(BatchWork.Rewrite, BatchCheck.Check(gzip, Rules with { StoredCompression = CompressionType.None }).Work);
        var lz4 = Rules with { StoredCompression = CompressionType.Lz4 };
        Assert.Equal(BatchWork.Rewrite, BatchCheck.Check(new RawBatch().ToArray(), lz4).Work);
        Assert.Equal(BatchWork.Open, BatchCheck.Check(gzip, Rules with { StoredCompression = CompressionType.Gzip }).Work);
    }

    [Fact]
    public void A_batch_that_opens_to_more_than_is_allowed_is_too_large()
    {
        var raw = new RawBatch { Attributes = Gzip, Records = [new() { Value = new string('x', 300_000) }] };
        Assert.Equal(ErrorCode.MessageTooLarge, Run(raw, Rules with { OpenedBytesMax = 100_000 }).Error);
        Assert.Equal(ErrorCode.None, Run(raw, Rules with { OpenedBytesMax = 300_100 }).Error);
    }

    [Fact]
    public void Checking_allocates_nothing()
    {
        var records = Enumerable.Range(0, 1000).Select(i => new RawRecord { OffsetDelta = i, Headers = [[1], [2]] }).ToArray();
        var batch = new RawBatch { Records = records }.ToArray();
        var rules = Rules;
        Assert.Equal(ErrorCode.None, BatchCheck.Check(batch, rules).Error);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var verdict = BatchCheck.Check(batch, rules);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1000, verdict.Header.RecordCount);
    }

    internal static BatchVerdict Run(ReadOnlySpan<byte> batch, in BatchRules rules)
    {
        var verdict = BatchCheck.Check(batch, rules);
        return verdict.Error == ErrorCode.None && verdict.Work == BatchWork.Open ? BatchCheck.Open(batch, verdict.Header, rules) : verdict;
    }

    private static BatchVerdict Run(RawBatch raw, in BatchRules rules) => Run(raw.ToArray(), rules);

    private static RawBatch Make(string wrong) => wrong switch
    {
        "good" => new(),
        "crc" => new() { CrcError = 1 },
        "crc and control" => new() { CrcError = 1, Attributes = 32 },
        "crc and base offset" => new() { CrcError = 1, BaseOffset = 5 },
        "control" => new() { Attributes = 32 },
        "base offset 5" => new() { BaseOffset = 5 },
        "base offset -1" => new() { BaseOffset = -1 },
        "no records" => new() { Records = [] },
        "count 0" => new() { Count = 0 },
        "count -1" => new() { Count = -1 },
        "count and delta -1" => new() { Count = -1, LastOffsetDelta = -2 },
        "last offset delta 5" => new() { LastOffsetDelta = 5 },
        "last offset delta -1" => new() { LastOffsetDelta = -1 },
        "one record more promised" => new() { Count = 4, LastOffsetDelta = 3 },
        "one record fewer promised" => new() { Count = 2, LastOffsetDelta = 1 },
        "all the records of the world promised" => new() { Count = int.MaxValue, LastOffsetDelta = int.MaxValue - 1 },
        "unused attributes" => new() { Attributes = 0x7FC0 },
        "append time" => new() { Attributes = 8 },
        "producer without sequence" => new() { ProducerId = 5, ProducerEpoch = 0 },
        "sequence -2" => new() { ProducerId = 5, ProducerEpoch = 0, BaseSequence = -2 },
        "sequence without producer" => new() { BaseSequence = 5 },
        "offsets 0,2,1" => new() { Records = [new(), new() { OffsetDelta = 2 }, new() { OffsetDelta = 1 }] },
        "offsets from 1" => new() { Records = [new() { OffsetDelta = 1 }, new() { OffsetDelta = 2 }] },
        "no timestamps" => new() { BaseTimestamp = -1 },
        "timestamp overflows" => new() { BaseTimestamp = long.MaxValue, MaxTimestamp = 3, Records = [new() { TimestampDelta = 5 }] },
        _ => new() { Records = [MakeRecord(wrong), new() { OffsetDelta = 1 }], MaxTimestamp = RawBatch.Now },
    };

    private static RawRecord MakeRecord(string wrong) => wrong switch
    {
        "record attributes" => new() { Attributes = 0x7F },
        "record length +1" => new() { LengthError = 1 },
        "record length -1" => new() { LengthError = -1 },
        "record tail" => new() { Tail = [1] },
        "key length -2" => new() { KeyLength = -2 },
        "key length huge" => new() { KeyLength = 1 << 30 },
        "header count -1" => new() { HeaderCount = -1 },
        "header count 1 of 0" => new() { HeaderCount = 1 },
        "header count huge" => new() { HeaderCount = 1 << 30 },
        "header key null" => new() { Headers = [null, [1]] },
        "header key no UTF-8" => new() { Headers = [[0xFF, 0xFE], [1]] },
        "header value null" => new() { Headers = ["a"u8.ToArray(), null] },
        "key null" => new() { Key = null },
        "value null" => new() { Value = null },
        "too new" => new() { TimestampDelta = 7_200_000 },
        _ => throw new ArgumentException(wrong),
    };
}
