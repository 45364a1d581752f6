namespace Barnabas.Protocol.Records.Compression;

/// <summary>
/// Opens one compressed body piece by piece. Owned by the thread that opened it, until disposed; the body must stay pinned as long.
/// </summary>
internal abstract class Inflater : IDisposable
{
    /// <summary>
    /// Fills the front of <paramref name="output"/>, which is not empty, and returns how many bytes; 0 at the end. Throws
    /// <see cref="Base.MalformedException"/> when the body is not of its codec or ends too early.
    /// </summary>
    public abstract int Read(Span<byte> output);

    public abstract void Dispose();

    /// <summary>Begins with a body of an available codec.</summary>
    public static unsafe Inflater Open(CompressionType codec, byte* input, int length) => codec switch
    {
        CompressionType.Gzip => new GzipInflater(input, length),
        CompressionType.Snappy => new SnappyInflater(input, length),
        CompressionType.Lz4 => Lz4Inflater.Begin(input, length),
        CompressionType.Zstd => ZstdInflater.Begin(input, length),
        _ => new PlainInflater(input, length),
    };

    private sealed unsafe class PlainInflater(byte* input, int length) : Inflater
    {
        private int _at;

        public override int Read(Span<byte> output)
        {
            var size = Math.Min(output.Length, length - _at);
            new ReadOnlySpan<byte>(input + _at, size).CopyTo(output);
            _at += size;
            return size;
        }

        public override void Dispose()
        {
        }
    }
}
