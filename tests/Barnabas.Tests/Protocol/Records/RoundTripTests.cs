using System.Text;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Protocol.Records;
using Barnabas.Protocol.Records.Compression;
using Barnabas.Shared;
using Record = Barnabas.Protocol.Records.Record;

namespace Barnabas.Tests.Protocol.Records;

/// <summary>Builder, check and reader against each other and against what Kafka's own producer sent.</summary>
public sealed class RoundTripTests
{
    private sealed record Item(long Timestamp, byte[]? Key, byte[]? Value, (byte[] Key, byte[]? Value)[] Headers);

    [Fact]
    public void What_is_built_passes_the_check_and_is_read_back()
    {
        var random = new Random(11);
        using var output = new ByteWriter();
        using var headers = new ByteWriter();
        using var builder = new RecordBatchBuilder(output);
        for (var turn = 0; turn < 300; turn++)
        {
            var codec = (CompressionType)(turn % 5);
            var items = RandomItems(random);
            output.Reset();
            builder.Begin(new BatchOptions { Compression = codec, ProducerId = 9, ProducerEpoch = 3, BaseSequence = turn });
            Append(builder, headers, items);
            Assert.Equal(builder.End(), output.Length);

            var batch = output.Written;
            var rules = new BatchRules { NowMs = RawBatch.Now, OpensCompressed = true };
            var verdict = BatchCheck.Check(batch, rules);
            Assert.Equal(ErrorCode.None, verdict.Error);
            verdict = verdict.Work == BatchWork.Open ? BatchCheck.Open(batch, verdict.Header, rules) : verdict;
            Assert.Equal(ErrorCode.None, verdict.Error);
            Assert.Equal(items.Max(i => i.Timestamp), verdict.MaxTimestamp);
            Assert.Equal(verdict.MaxTimestamp, verdict.Header.MaxTimestamp);
            AssertHolds(items, batch);
        }
    }

    [Fact]
    public void A_rewritten_batch_holds_the_same_records_under_its_topics_codec()
    {
        var random = new Random(12);
        using var output = new ByteWriter();
        using var rewritten = new ByteWriter();
        using var headers = new ByteWriter();
        using var builder = new RecordBatchBuilder(output);
        for (var turn = 0; turn < 100; turn++)
        {
            var items = RandomItems(random);
            output.Reset();
            builder.Begin(new BatchOptions { Compression = (CompressionType)(turn % 5), IsTransactional = turn % 2 == 0 });
            Append(builder, headers, items);
            builder.End();

            rewritten.Reset();
            var stored = (CompressionType)(turn / 5 % 5);
            var rules = new BatchRules
            {
                NowMs = RawBatch.Now + 1, StoredCompression = stored, TimestampType = (TimestampType)(turn / 25 % 2),
            };
            Assert.True(RecordBatchHeader.TryRead(output.Written, out var header));
            var verdict = BatchRewriter.Rewrite(output.Written, header, rules, rewritten);
            Assert.Equal(ErrorCode.None, verdict.Error);
            Assert.Equal(stored, verdict.Header.Compression);
            Assert.Equal(rules.TimestampType, verdict.Header.TimestampType);
            Assert.Equal(header.IsTransactional, verdict.Header.IsTransactional);
            var appendTime = rules.TimestampType == TimestampType.LogAppendTime;
            Assert.Equal(appendTime ? RawBatch.Now + 1 : items.Max(i => i.Timestamp), verdict.Header.MaxTimestamp);
            AssertHolds(items, rewritten.Written);
        }
    }

    [Fact]
    public void A_rewrite_makes_offsets_dense_and_drops_unused_bits()
    {
        var raw = new RawBatch
        {
            Attributes = 0x7FC8 | 1, MaxTimestamp = RawBatch.Now + 9,
            Records = [new() { OffsetDelta = 2, TimestampDelta = -10, Attributes = 9 }, new() { OffsetDelta = 0, TimestampDelta = 50 }],
        };
        using var output = new ByteWriter();
        var batch = raw.ToArray();
        Assert.True(RecordBatchHeader.TryRead(batch, out var header));
        var rules = new BatchRules { NowMs = RawBatch.Now, StoredCompression = CompressionType.None };
        Assert.Equal(ErrorCode.None, BatchRewriter.Rewrite(batch, header, rules, output).Error);
        var expected = new RawBatch { Records = [new(), new() { OffsetDelta = 1 }], BaseTimestamp = RawBatch.Now + 9 };
        Assert.Equal(expected.ToArray(), output.Written.ToArray());
    }

    [Fact]
    public void A_rewrite_that_outgrows_the_topic_is_too_large_and_leaves_nothing()
    {
        var batch = new RawBatch { Attributes = 1, Records = [new() { Value = new string('x', 5000) }] }.ToArray();
        Assert.True(RecordBatchHeader.TryRead(batch, out var header));
        using var output = new ByteWriter();
        var rules = new BatchRules { NowMs = RawBatch.Now, StoredCompression = CompressionType.None, BatchBytesMax = 4000 };
        Assert.Equal(ErrorCode.MessageTooLarge, BatchRewriter.Rewrite(batch, header, rules, output).Error);
        Assert.Equal(0, output.Length);
    }

    [Fact]
    public void Batches_of_Kafkas_producer_open_in_every_codec_to_the_same_records()
    {
        var log = File.ReadAllBytes(Checkout.At("tests/Barnabas.Tests/Protocol/Records/Golden/five-codecs.log"));
        var position = 0;
        for (var codec = CompressionType.None; codec <= CompressionType.Zstd; codec++)
        {
            Assert.True(RecordBatchHeader.TryRead(log.AsSpan(position), out var header));
            var batch = log.AsSpan(position, (int)header.SizeBytes);
            position += batch.Length;
            Assert.Equal(codec, header.Compression);
            Assert.Equal(header.Crc, BatchStamp.ComputeCrc(batch));
            Assert.Equal(40 * (int)codec, header.BaseOffset);
            BatchStamp.SetBaseOffset(batch, 0);
            Assert.Equal(ErrorCode.None, BatchCheckTests.Run(batch, new BatchRules { NowMs = header.MaxTimestamp }).Error);

            using var opened = new ByteWriter();
            var reader = Open(batch, header, opened);
            for (var i = 0; i < 40; i++)
            {
                Assert.True(reader.TryRead(out var record));
                Assert.Equal(i, record.OffsetDelta);
                Assert.Equal(i % 7 == 3 ? null : $"key-{i % 5}", Text(record.Key));
                var value = $"Barnabas the messenger, record number {i}, " + string.Concat(Enumerable.Repeat("na", i % 20));
                Assert.Equal(i == 39 ? null : value, Text(record.Value));
                Assert.Equal(i % 3 == 0 ? $"trace=abc{i} origin=test" : "", HeaderText(record));
            }

            Assert.False(reader.TryRead(out _));
        }

        Assert.Equal(log.Length, position);
    }

    [Fact]
    public void Appending_allocates_nothing_per_record()
    {
        using var output = new ByteWriter(1 << 20);
        using var builder = new RecordBatchBuilder(output);
        var key = "key"u8.ToArray();
        builder.Begin(new BatchOptions());
        builder.Append(5, key, key);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            builder.Append(5 + i, key, key);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        builder.End();
    }

    [Fact]
    public void A_batch_that_lost_its_records_keeps_its_offsets()
    {
        using var output = new ByteWriter();
        using var builder = new RecordBatchBuilder(output);
        builder.Begin(new BatchOptions { BaseOffset = 100, ProducerId = 4, ProducerEpoch = 1, BaseSequence = int.MaxValue });
        Assert.Equal(RecordBatchHeader.HeaderBytes, builder.End(lastOffsetDelta: 9));
        Assert.True(RecordBatchHeader.TryRead(output.Written, out var header));
        Assert.Equal((109, 0, -1, 8), (header.LastOffset, header.RecordCount, header.BaseTimestamp, header.LastSequence));

        output.Reset();
        builder.Begin(new BatchOptions { BaseOffset = 100, DeleteHorizonMs = 77 });
        builder.Append(3, 1000, default, default, 0, default);
        builder.Append(5, 1001, default, default, 0, default);
        builder.End(lastOffsetDelta: 9);
        Assert.True(RecordBatchHeader.TryRead(output.Written, out header));
        Assert.True(header.HasDeleteHorizon);
        Assert.Equal((109, 2, 77, 1001), (header.LastOffset, header.RecordCount, header.BaseTimestamp, header.MaxTimestamp));
        var reader = new RecordReader(output.Written, header);
        Assert.True(reader.TryRead(out var record));
        Assert.Equal((3, 1000 - 77), (record.OffsetDelta, record.TimestampDelta));
    }

    [Fact]
    public void An_abandoned_batch_leaves_what_was_before_it()
    {
        using var output = new ByteWriter();
        output.WriteInt32(7);
        using var builder = new RecordBatchBuilder(output);
        builder.Begin(new BatchOptions());
        builder.Append(1, default, default);
        builder.Abandon();
        Assert.Equal(4, output.Length);
        builder.Begin(new BatchOptions());
    }

    private static RecordReader Open(ReadOnlySpan<byte> batch, in RecordBatchHeader header, ByteWriter opened)
    {
        Assert.Equal(
            ErrorCode.None,
            RecordCompression.Decompress(header.Compression, batch[RecordBatchHeader.HeaderBytes..], opened, 1 << 24));
        return new RecordReader(opened.Written, header.RecordCount);
    }

    private static void AssertHolds(Item[] items, ReadOnlySpan<byte> batch)
    {
        Assert.True(RecordBatchHeader.TryRead(batch, out var header));
        using var opened = new ByteWriter();
        var reader = Open(batch, header, opened);
        for (var i = 0; i < items.Length; i++)
        {
            Assert.True(reader.TryRead(out var record));
            Assert.Equal(i, record.OffsetDelta);
            Assert.Equal(items[i].Timestamp, header.BaseTimestamp + record.TimestampDelta);
            Assert.Equal(items[i].Key, record.Key.ToArray());
            Assert.Equal(items[i].Value, record.Value.ToArray());
            var headers = record.Headers;
            foreach (var (key, value) in items[i].Headers)
            {
                Assert.True(headers.TryRead(out var headerKey, out var headerValue));
                Assert.Equal(key, headerKey.ToArray());
                Assert.Equal(value, headerValue.ToArray());
            }

            Assert.False(headers.TryRead(out _, out _));
        }

        Assert.False(reader.TryRead(out _));
    }

    private static void Append(RecordBatchBuilder builder, ByteWriter headers, Item[] items)
    {
        foreach (var item in items)
        {
            headers.Reset();
            foreach (var (key, value) in item.Headers)
            {
                RecordHeaders.Write(headers, key, value);
            }

            builder.Append(builder.Count, item.Timestamp, item.Key, item.Value, item.Headers.Length, headers.Written);
        }
    }

    private static Item[] RandomItems(Random random) =>
        [.. Enumerable.Range(0, random.Next(1, 60)).Select(_ => new Item(
            RawBatch.Now + random.Next(-100_000, 100_000),
            RandomBytes(random),
            RandomBytes(random),
            [.. Enumerable.Range(0, random.Next(0, 3)).Select(_ => (RandomBytes(random) ?? [], RandomBytes(random)))]))];

    /// <summary>Null, empty, repetitive or not, and now and then larger than a window of the decoders.</summary>
    private static byte[]? RandomBytes(Random random)
    {
        if (random.Next(10) == 0)
        {
            return null;
        }

        var bytes = new byte[random.Next(50) == 0 ? random.Next(80_000) : random.Next(200)];
        random.NextBytes(bytes.AsSpan(0, random.Next(bytes.Length + 1)));
        return bytes;
    }

    private static string? Text(OptionalBytes bytes) => bytes.HasValue ? Encoding.UTF8.GetString(bytes.Span) : null;

    private static string HeaderText(in Record record)
    {
        var text = new List<string>();
        var headers = record.Headers;
        while (headers.TryRead(out var key, out var value))
        {
            text.Add($"{Encoding.UTF8.GetString(key)}={Text(value)}");
        }

        return string.Join(' ', text);
    }
}
