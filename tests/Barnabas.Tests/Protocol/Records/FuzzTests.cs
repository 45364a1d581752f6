using System.Buffers.Binary;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Protocol.Records;

namespace Barnabas.Tests.Protocol.Records;

/// <summary>Spoiled batches of every codec: an outcome or a <see cref="MalformedException"/>, never more, and never much memory.</summary>
public sealed class FuzzTests
{
    private const long AllocatedBytesMax = 256 * 1024;

    private static readonly BatchRules Rules =
        new() { Topic = "t", NowMs = RawBatch.Now, KeysRequired = true, OpensCompressed = true, OpenedBytesMax = 1 << 20 };

    [Fact]
    public void Spoiled_bytes_end_in_an_outcome_and_allocate_little()
    {
        var random = new Random(2026);
        var seeds = Enumerable.Range(0, 5).Select(codec => MakeSeed(codec, random)).ToArray();
        var outcomes = new Dictionary<ErrorCode, int>();
        using var rewritten = new ByteWriter(1 << 16);
        Assert.All(seeds, seed => Assert.Equal(ErrorCode.None, RunOne(seed, rewritten)));
        for (var turn = 0; turn < 20_000; turn++)
        {
            var batch = Spoil(seeds[turn % 5], random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var error = RunOne(batch, rewritten);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < AllocatedBytesMax, $"turn {turn}: {allocated} bytes were allocated for {error}");
            outcomes[error] = outcomes.GetValueOrDefault(error) + 1;
        }

        // Each of these is reached only by bytes that passed all that comes before it.
        ErrorCode[] reached =
            [ErrorCode.None, ErrorCode.CorruptMessage, ErrorCode.InvalidRecord, ErrorCode.InvalidTimestamp, ErrorCode.UnknownServerError];
        Assert.All(reached, error => Assert.True(outcomes.GetValueOrDefault(error) > 20, $"{error}: {outcomes.GetValueOrDefault(error)}"));
    }

    private static ErrorCode RunOne(byte[] bytes, ByteWriter rewritten)
    {
        var frame = BatchFrame.Read(bytes, 12);
        if (frame.Error != ErrorCode.None)
        {
            return frame.Error;
        }

        var batch = bytes.AsSpan(0, frame.SizeBytes);
        var verdict = BatchCheck.Check(batch, Rules);
        if (verdict.Error != ErrorCode.None)
        {
            return verdict.Error;
        }

        rewritten.Reset();
        var rules = Rules with { StoredCompression = CompressionType.Snappy };
        var rewrite = BatchRewriter.Rewrite(batch, verdict.Header, rules, rewritten);
        if (verdict.Work == BatchWork.Open)
        {
            verdict = BatchCheck.Open(batch, verdict.Header, Rules);
        }
        else
        {
            // What the check let through, the reader has to read.
            var reader = new RecordReader(batch, verdict.Header);
            while (reader.TryRead(out var record))
            {
                var headers = record.Headers;
                while (headers.TryRead(out _, out _))
                {
                }
            }
        }

        // Opened or rewritten, the same records are good or bad; a rewrite mends sparse offsets, and decodes a body whole before it looks.
        if (verdict.Error != ErrorCode.UnknownServerError)
        {
            Assert.Equal(verdict.Error == ErrorCode.None, rewrite.Error == ErrorCode.None);
        }

        return verdict.Error;
    }

    private static byte[] MakeSeed(int codec, Random random) => new RawBatch
    {
        Attributes = codec,
        Records =
        [
            .. Enumerable.Range(0, 30).Select(i => new RawRecord
            {
                OffsetDelta = i, TimestampDelta = random.Next(1000), Key = $"key {i % 3}", Value = new string('v', random.Next(100)),
                Headers = i % 4 == 0 ? ["name"u8.ToArray(), null, "other"u8.ToArray(), [1, 2, 3]] : [],
            }),
        ],
    }.ToArray();

    /// <summary>A few wrong bytes, mostly with a checksum made good again, so that the checks behind it are reached.</summary>
    private static byte[] Spoil(byte[] seed, Random random)
    {
        var bytes = (byte[])seed.Clone();
        for (var wrong = random.Next(4); wrong > 0; wrong--)
        {
            var at = random.Next(4) == 0 ? random.Next(bytes.Length) : random.Next(RecordBatchHeader.AttributesAt, bytes.Length);
            bytes[at] = random.Next(3) switch
            {
                0 => (byte)random.Next(256),
                1 => (byte)(bytes[at] ^ (1 << random.Next(8))),
                _ => (byte)(bytes[at] + random.Next(-2, 3)),
            };
        }

        if (random.Next(10) == 0)
        {
            bytes = bytes[..random.Next(bytes.Length)];
            if (bytes.Length > RecordBatchHeader.LengthPrefixBytes)
            {
                BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(8), bytes.Length - RecordBatchHeader.LengthPrefixBytes);
            }
        }

        if (random.Next(20) != 0 && bytes.Length >= RecordBatchHeader.HeaderBytes)
        {
            BatchStamp.SetCrc(bytes);
        }

        return bytes;
    }
}
