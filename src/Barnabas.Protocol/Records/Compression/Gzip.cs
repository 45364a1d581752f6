using System.IO.Compression;
using Barnabas.Base;
using Barnabas.Base.Bytes;

namespace Barnabas.Protocol.Records.Compression;

/// <summary>gzip (RFC 1952) through the runtime's zlib.</summary>
internal static class Gzip
{
    private const int DefaultLevel = 6;

    private static ReadOnlySpan<byte> Empty => [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    public static void Compress(int level, ReadOnlySpan<byte> plain, ByteWriter output)
    {
        if (plain.IsEmpty)
        {
            // The runtime's stream writes no member at all when there is nothing to put into it.
            output.WriteSpan(Empty);
            return;
        }

        var options = new ZLibCompressionOptions
        {
            CompressionLevel = level == CompressionLevels.Default
                ? DefaultLevel
                : Math.Clamp(level, CompressionLevels.GzipMin, CompressionLevels.GzipMax),
        };
        using var gzip = new GZipStream(new WriterStream(output), options);
        gzip.Write(plain);
    }

    /// <summary>The writing half of a stream, over a <see cref="ByteWriter"/>.</summary>
    private sealed class WriterStream(ByteWriter output) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer) => output.WriteSpan(buffer);

        public override void Write(byte[] buffer, int offset, int count) => output.WriteSpan(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}

/// <summary>
/// Opens gzip bodies, of one or more members; what follows the last and is no member is passed over, as Kafka does. The runtime ends a
/// body that is cut off in silence unless the program sets <c>System.IO.Compression.UseStrictValidation</c>, as ours does; in a host that
/// does not, the walk of the records finds what is missing.
/// </summary>
internal sealed unsafe class GzipInflater : Inflater
{
    private const int BytesMin = 18;
    private readonly GZipStream _gzip;

    public GzipInflater(byte* input, int length)
    {
        if (length < BytesMin)
        {
            throw new MalformedException($"gzip: {length} bytes are not a header and a trailer");
        }

        _gzip = new GZipStream(new UnmanagedMemoryStream(input, length), CompressionMode.Decompress);
    }

    public override int Read(Span<byte> output)
    {
        try
        {
            return _gzip.Read(output);
        }
        catch (InvalidDataException e)
        {
            throw new MalformedException("gzip: " + e.Message);
        }
    }

    public override void Dispose() => _gzip.Dispose();
}
