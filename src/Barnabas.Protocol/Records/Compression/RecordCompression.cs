using Barnabas.Base;
using Barnabas.Base.Bytes;

namespace Barnabas.Protocol.Records.Compression;

/// <summary>
/// The codecs of record bodies. Contexts of native codecs are kept one per thread; nothing else is shared, so every thread may call.
/// Slow by nature: never on an I/O loop for more than a batch of our own.
/// </summary>
public static class RecordCompression
{
    private const int PieceBytes = 64 * 1024;

    /// <summary>False for a codec that this process cannot run: an unknown number, or a native library that is not installed.</summary>
    public static bool IsAvailable(CompressionType codec) => codec switch
    {
        CompressionType.None or CompressionType.Gzip or CompressionType.Snappy => true,
        CompressionType.Lz4 => Lz4.IsAvailable,
        CompressionType.Zstd => Zstd.IsAvailable,
        _ => false,
    };

    /// <summary>Writes <paramref name="plain"/> compressed, framed as Kafka's clients frame it. The codec must be available.</summary>
    /// <param name="codec">Any of the five.</param>
    /// <param name="level">The codec's own level, clamped to its range, or <see cref="CompressionLevels.Default"/>.</param>
    /// <param name="plain">The records of a batch.</param>
    /// <param name="output">Written behind what it has.</param>
    public static void Compress(CompressionType codec, int level, ReadOnlySpan<byte> plain, ByteWriter output)
    {
        Check.That(IsAvailable(codec));
        switch (codec)
        {
            case CompressionType.Gzip:
                Gzip.Compress(level, plain, output);
                break;
            case CompressionType.Snappy:
                Snappy.Compress(plain, output);
                break;
            case CompressionType.Lz4:
                Lz4.Compress(level, plain, output);
                break;
            case CompressionType.Zstd:
                Zstd.Compress(level, plain, output);
                break;
            default:
                output.WriteSpan(plain);
                break;
        }
    }

    /// <summary>
    /// Writes the records of a compressed body behind what <paramref name="output"/> has. Memory grows with what comes out, never with what
    /// the body claims. Throws <see cref="MalformedException"/> when the body is not of its codec.
    /// </summary>
    /// <param name="codec">As the attributes of the batch say.</param>
    /// <param name="body">The bytes behind the header of the batch.</param>
    /// <param name="output">Left as it was found when the answer is an error.</param>
    /// <param name="outputBytesMax">Most bytes to write.</param>
    /// <returns>
    /// <see cref="ErrorCode.UnsupportedCompressionType"/> when the codec is not available, <see cref="ErrorCode.MessageTooLarge"/> when
    /// more than <paramref name="outputBytesMax"/> would come out. </returns>
    public static unsafe ErrorCode Decompress(CompressionType codec, ReadOnlySpan<byte> body, ByteWriter output, int outputBytesMax)
    {
        if (!IsAvailable(codec))
        {
            return ErrorCode.UnsupportedCompressionType;
        }

        fixed (byte* input = body)
        {
            using var inflater = Inflater.Open(codec, input, body.Length);
            var start = output.Length;
            while (true)
            {
                var before = output.Length;
                var got = inflater.Read(output.Take(PieceBytes));
                output.Truncate(before + got);
                if (got == 0)
                {
                    return ErrorCode.None;
                }

                if (output.Length - start > outputBytesMax)
                {
                    output.Truncate(start);
                    return ErrorCode.MessageTooLarge;
                }
            }
        }
    }
}
