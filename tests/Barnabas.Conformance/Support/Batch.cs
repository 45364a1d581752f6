using System.Buffers.Binary;

namespace Barnabas.Conformance.Support;

/// <summary>The header of a record batch (format 2) as it lies on disk or on the wire.</summary>
internal readonly record struct Batch(long BaseOffset, uint Crc, int Attributes, int Records)
{
    private const int HeaderBytes = 61;

    /// <summary>0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.</summary>
    public int Codec => Attributes & 7;

    /// <summary>The batches of all segments of a partition, in order.</summary>
    public static List<Batch> InFolder(string folder)
    {
        var batches = new List<Batch>();
        foreach (var file in Directory.EnumerateFiles(folder, "*.log").Order())
        {
            var bytes = File.ReadAllBytes(file);
            for (var at = 0; IsBatch(bytes, at, out var length); at += length)
            {
                batches.Add(At(bytes, at));
            }
        }

        return batches;
    }

    /// <summary>The headers of everything in a request that looks like a batch, which is more than what is one.</summary>
    public static IEnumerable<Batch> InFrame(byte[] frame)
    {
        for (var at = 0; at < frame.Length; at++)
        {
            if (IsBatch(frame, at, out _))
            {
                yield return At(frame, at);
            }
        }
    }

    private static bool IsBatch(byte[] bytes, int at, out int length)
    {
        length = 0;
        if (at + HeaderBytes > bytes.Length || bytes[at + 16] != 2)
        {
            return false;
        }

        length = 12 + BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 8));
        return length >= HeaderBytes && length <= bytes.Length - at;
    }

    private static Batch At(byte[] bytes, int at) => new(
        BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(at)),
        BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at + 17)),
        BinaryPrimitives.ReadInt16BigEndian(bytes.AsSpan(at + 21)),
        BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 57)));
}
