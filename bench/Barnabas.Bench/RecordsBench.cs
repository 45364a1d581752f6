using System.Text;
using Barnabas.Base.Bytes;
using Barnabas.Protocol.Records;
using Barnabas.Protocol.Records.Compression;
using BenchmarkDotNet.Attributes;

namespace Barnabas.Bench;

/// <summary>
/// A produced batch from its bytes to a verdict, the walk of its records, and what building one costs; per batch, not per record.
/// </summary>
[MemoryDiagnoser]
public class RecordsBench
{
    private readonly ByteWriter _output = new(1 << 21);
    private byte[] _batch = [];
    private byte[] _value = [];
    private RecordBatchBuilder? _builder;

    [Params(100, 1000)]
    public int ValueBytes { get; set; }

    /// <summary>Records of a batch: one of a client without linger, and one of a busy client.</summary>
    [Params(1, 1000)]
    public int Records { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _value = new byte[ValueBytes];
        new Random(1).NextBytes(_value);
        _builder = new RecordBatchBuilder(_output);
        Build();
        _batch = _output.Written.ToArray();
    }

    /// <summary>Frame, header, checksum and every record.</summary>
    [Benchmark]
    public BatchVerdict Check()
    {
        var frame = BatchFrame.Read(_batch, 12);
        return BatchCheck.Check(_batch.AsSpan(0, frame.SizeBytes), new BatchRules { NowMs = 1_700_000_000_000 });
    }

    /// <summary>The checksum alone, which <see cref="Check"/> contains.</summary>
    [Benchmark]
    public uint Crc() => BatchStamp.ComputeCrc(_batch);

    [Benchmark]
    public int Walk()
    {
        RecordBatchHeader.TryRead(_batch, out var header);
        var reader = new RecordReader(_batch, header);
        var bytes = 0;
        while (reader.TryRead(out var record))
        {
            bytes += record.Value.Length;
        }

        return bytes;
    }

    [Benchmark]
    public int Build()
    {
        _output.Reset();
        _builder!.Begin(new BatchOptions());
        for (var i = 0; i < Records; i++)
        {
            _builder.Append(1_700_000_000_000 + i, OptionalBytes.Null, _value);
        }

        return _builder.End();
    }
}

/// <summary>The codecs over 64 KiB of text-like records, and the check that opens them.</summary>
[MemoryDiagnoser]
public class CompressionBench
{
    private readonly ByteWriter _output = new(1 << 20);
    private byte[] _plain = [];
    private byte[] _body = [];
    private byte[] _batch = [];

    [Params(CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd)]
    public CompressionType Codec { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        using var builder = new RecordBatchBuilder(_output);
        builder.Begin(new BatchOptions { Compression = Codec });
        using var plain = new ByteWriter();
        while (plain.Length < 64 * 1024)
        {
            var text = $"{{\"user\":{random.Next(10_000)},\"page\":\"/item/{random.Next(500)}\",\"ms\":{random.Next(90)}}}";
            var line = Encoding.UTF8.GetBytes(text);
            builder.Append(1_700_000_000_000, OptionalBytes.Null, line);
            plain.WriteSpan(line);
        }

        builder.End();
        _batch = _output.Written.ToArray();
        _plain = plain.Written.ToArray();
        _body = _batch[RecordBatchHeader.HeaderBytes..];
    }

    [Benchmark]
    public int Compress()
    {
        _output.Reset();
        RecordCompression.Compress(Codec, CompressionLevels.Default, _plain, _output);
        return _output.Length;
    }

    [Benchmark]
    public int Decompress()
    {
        _output.Reset();
        RecordCompression.Decompress(Codec, _body, _output, 1 << 24);
        return _output.Length;
    }

    [Benchmark]
    public BatchVerdict CheckOpened()
    {
        RecordBatchHeader.TryRead(_batch, out var header);
        return BatchCheck.Open(_batch, header, new BatchRules { NowMs = 1_700_000_000_000 });
    }
}
