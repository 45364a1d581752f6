using System.Buffers;
using System.Buffers.Binary;
using Barnabas.Base;
using Barnabas.Base.Bytes;

namespace Barnabas.Protocol.Records.Compression;

/// <summary>
/// Snappy blocks in the framing of snappy-java, which Kafka's clients use: a magic, two version numbers that nobody checks, then blocks,
/// each behind its length.
/// </summary>
internal static class Snappy
{
    public const int HeaderBytes = 16;
    private const int BlockBytes = 32 * 1024;

    /// <summary>The first eight bytes of the framing.</summary>
    public static ReadOnlySpan<byte> Magic => [0x82, (byte)'S', (byte)'N', (byte)'A', (byte)'P', (byte)'P', (byte)'Y', 0];

    public static void Compress(ReadOnlySpan<byte> plain, ByteWriter output)
    {
        output.WriteSpan(Magic);
        output.WriteInt32(1);
        output.WriteInt32(1);
        while (plain.Length > 0)
        {
            var block = plain[..Math.Min(BlockBytes, plain.Length)];
            var lengthAt = output.Length;
            output.WriteInt32(0);
            SnappyBlock.Compress(block, output);
            BinaryPrimitives.WriteInt32BigEndian(output.At(lengthAt, 4), output.Length - lengthAt - 4);
            plain = plain[block.Length..];
        }
    }
}

/// <summary>Opens snappy bodies: framed ones, also several behind each other, and one raw block without framing.</summary>
internal sealed unsafe class SnappyInflater : Inflater
{
    private readonly byte* _input;
    private readonly int _length;
    private readonly bool _framed;
    private byte[] _block = [];
    private int _at, _blockAt, _blockLength;

    public SnappyInflater(byte* input, int length)
    {
        var bytes = new ReadOnlySpan<byte>(input, length);
        if (length == 0)
        {
            throw new MalformedException("snappy: the body is empty");
        }

        _input = input;
        _length = length;
        _framed = bytes.StartsWith(Snappy.Magic);
        _at = _framed ? Math.Min(Snappy.HeaderBytes, length) : 0;
    }

    public override int Read(Span<byte> output)
    {
        while (_blockAt == _blockLength)
        {
            if (!NextBlock(out var block))
            {
                return 0;
            }

            Open(block);
        }

        var size = Math.Min(output.Length, _blockLength - _blockAt);
        _block.AsSpan(_blockAt, size).CopyTo(output);
        _blockAt += size;
        return size;
    }

    public override void Dispose()
    {
        if (_block.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_block);
            _block = [];
        }
    }

    private bool NextBlock(out ReadOnlySpan<byte> block)
    {
        var rest = new ReadOnlySpan<byte>(_input + _at, _length - _at);
        if (!_framed)
        {
            block = rest;
            _at = _length;
            return rest.Length > 0;
        }

        while (rest.StartsWith(Snappy.Magic) && rest.Length >= Snappy.HeaderBytes)
        {
            rest = rest[Snappy.HeaderBytes..];
        }

        block = default;
        if (rest.Length < 4)
        {
            return false;
        }

        var size = BinaryPrimitives.ReadInt32BigEndian(rest);
        if (size < 0 || size > rest.Length - 4)
        {
            throw new MalformedException($"snappy: a block of {size} bytes where {rest.Length - 4} are left");
        }

        block = rest.Slice(4, size);
        _at = _length - rest.Length + 4 + size;
        return true;
    }

    private void Open(ReadOnlySpan<byte> block)
    {
        var size = SnappyBlock.ReadLength(block, out var body);
        if (_block.Length < size)
        {
            Dispose();
            _block = ArrayPool<byte>.Shared.Rent(size);
        }

        SnappyBlock.Decompress(body, _block.AsSpan(0, size));
        _blockAt = 0;
        _blockLength = size;
    }
}
