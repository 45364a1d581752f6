using System.Runtime.InteropServices;
using Barnabas.Base;
using Barnabas.Base.Bytes;

namespace Barnabas.Protocol.Records.Compression;

/// <summary>
/// lz4 frames through the system's liblz4: independent blocks of 64 KiB, no sizes and checksums of the content, as Kafka's clients write
/// them.
/// </summary>
internal static unsafe class Lz4
{
    public static readonly bool IsAvailable;
    public static readonly delegate* unmanaged<nint*, uint, nuint> CreateContext;
    public static readonly delegate* unmanaged<nint, nuint> FreeContext;
    public static readonly delegate* unmanaged<nint, void> ResetContext;
    public static readonly delegate* unmanaged<nint, byte*, nuint*, byte*, nuint*, void*, nuint> Decompress;
    public static readonly delegate* unmanaged<nuint, uint> IsError;
    public const uint FrameVersion = 100;
    private const int Block64KiB = 4, BlocksIndependent = 1, HighLevelMin = 3, HighLevelMax = 12;
    private static readonly delegate* unmanaged<byte*, nuint, byte*, nuint, Preferences*, nuint> CompressFrame;
    private static readonly delegate* unmanaged<nuint, Preferences*, nuint> CompressFrameBound;

    static Lz4()
    {
        var library = NativeCodec.TryLoad("liblz4.so.1", "liblz4.1.dylib", "liblz4.dylib", "liblz4.dll", "lz4.dll", "liblz4.so");
        var complete = library != 0;
        CreateContext =
            (delegate* unmanaged<nint*, uint, nuint>)NativeCodec.Find(library, "LZ4F_createDecompressionContext", ref complete);
        FreeContext = (delegate* unmanaged<nint, nuint>)NativeCodec.Find(library, "LZ4F_freeDecompressionContext", ref complete);
        ResetContext = (delegate* unmanaged<nint, void>)NativeCodec.Find(library, "LZ4F_resetDecompressionContext", ref complete);
        Decompress = (delegate* unmanaged<nint, byte*, nuint*, byte*, nuint*, void*, nuint>)
            NativeCodec.Find(library, "LZ4F_decompress", ref complete);
        IsError = (delegate* unmanaged<nuint, uint>)NativeCodec.Find(library, "LZ4F_isError", ref complete);
        CompressFrame = (delegate* unmanaged<byte*, nuint, byte*, nuint, Preferences*, nuint>)
            NativeCodec.Find(library, "LZ4F_compressFrame", ref complete);
        CompressFrameBound =
            (delegate* unmanaged<nuint, Preferences*, nuint>)NativeCodec.Find(library, "LZ4F_compressFrameBound", ref complete);
        IsAvailable = complete;
    }

    public static void Compress(int level, ReadOnlySpan<byte> plain, ByteWriter output)
    {
        var preferences = new Preferences
        {
            BlockSizeId = Block64KiB,
            BlockMode = BlocksIndependent,
            CompressionLevel = level is CompressionLevels.Default or CompressionLevels.Lz4Default
                ? 0
                : Math.Clamp(level, HighLevelMin, HighLevelMax),
        };
        var start = output.Length;
        var room = output.Take(checked((int)CompressFrameBound((nuint)plain.Length, &preferences)));
        nuint written;
        fixed (byte* input = plain)
        {
            fixed (byte* into = room)
            {
                written = CompressFrame(into, (nuint)room.Length, input, (nuint)plain.Length, &preferences);
            }
        }

        Check.That(IsError(written) == 0);
        output.Truncate(start + (int)written);
    }

    /// <summary>LZ4F_preferences_t, field by field.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Preferences
    {
        public int BlockSizeId, BlockMode, ContentChecksum, FrameType;
        public ulong ContentSize;
        public uint DictionaryId;
        public int BlockChecksum, CompressionLevel;
        public uint AutoFlush, FavorDecompressionSpeed, Reserved0, Reserved1, Reserved2;
    }
}

/// <summary>
/// Opens lz4 bodies: one frame, and what follows it is passed over, as Kafka does. Frames that Kafka's clients cannot read (blocks that
/// depend on each other, dictionaries) are refused.
/// </summary>
internal sealed unsafe class Lz4Inflater : Inflater
{
    private const uint Magic = 0x184D2204;
    private const int HeaderBytesMin = 7, DictionaryFlag = 0x01, IndependentFlag = 0x20;

    [ThreadStatic]
    private static Lz4Inflater? s_spare;

    private readonly nint _context;
    private byte* _input;
    private nuint _left;
    private bool _ended;

    private Lz4Inflater()
    {
        nint context;
        Check.That(Lz4.IsError(Lz4.CreateContext(&context, Lz4.FrameVersion)) == 0);
        _context = context;
    }

    ~Lz4Inflater() => Lz4.FreeContext(_context);

    public static Lz4Inflater Begin(byte* input, int length)
    {
        var header = new ReadOnlySpan<byte>(input, length);
        if (length < HeaderBytesMin || MemoryMarshal.Read<uint>(header) != (BitConverter.IsLittleEndian ? Magic : 0x04224D18))
        {
            throw new MalformedException("lz4: the body does not begin a frame");
        }

        if ((header[4] & IndependentFlag) == 0 || (header[4] & DictionaryFlag) != 0)
        {
            throw new MalformedException("lz4: dependent blocks and dictionaries are not taken");
        }

        var inflater = s_spare ?? new Lz4Inflater();
        s_spare = null;
        Lz4.ResetContext(inflater._context);
        inflater._input = input;
        inflater._left = (nuint)length;
        inflater._ended = false;
        return inflater;
    }

    public override int Read(Span<byte> output)
    {
        fixed (byte* into = output)
        {
            while (!_ended)
            {
                nuint size = (nuint)output.Length, taken = _left;
                var hint = Lz4.Decompress(_context, into, &size, _input, &taken, null);
                if (Lz4.IsError(hint) != 0)
                {
                    throw new MalformedException("lz4: the frame is not one");
                }

                _input += taken;
                _left -= taken;
                _ended = hint == 0;
                if (size > 0)
                {
                    return (int)size;
                }

                if (!_ended && _left == 0)
                {
                    throw new MalformedException("lz4: the frame ends too early");
                }
            }

            return 0;
        }
    }

    public override void Dispose() => s_spare = this;
}
