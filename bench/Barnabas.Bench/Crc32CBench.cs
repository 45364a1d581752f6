using Barnabas.Base.Bytes;
using BenchmarkDotNet.Attributes;

namespace Barnabas.Bench;

/// <summary>CRC-32C over hot data: the choice by size against the kernels it chooses from.</summary>
public class Crc32CBench
{
    private byte[] _bytes = [];

    [Params(128, 512, 1024, 16 * 1024, 1024 * 1024)]
    public int SizeBytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _bytes = new byte[SizeBytes];
        new Random(1).NextBytes(_bytes);
    }

    [Benchmark(Baseline = true)]
    public uint Compute() => Crc32C.Compute(_bytes);

    [Benchmark]
    public uint Serial() => Crc32C.Serial(~0u, _bytes);

    [Benchmark]
    public uint Fold128() => Crc32C.Fold128(~0u, _bytes);
}
