using System.Runtime.InteropServices;
using Barnabas.Base;
using Barnabas.Base.Bytes;

namespace Barnabas.Protocol.Records.Compression;

/// <summary>zstd frames through the system's libzstd, 1.4 or newer.</summary>
internal static unsafe class Zstd
{
    public static readonly bool IsAvailable;
    public static readonly delegate* unmanaged<nint> CreateDCtx;
    public static readonly delegate* unmanaged<nint, nuint> FreeDCtx;
    public static readonly delegate* unmanaged<nint, int, nuint> ResetDCtx;
    public static readonly delegate* unmanaged<nint, Piece*, Piece*, nuint> DecompressStream;
    public static readonly delegate* unmanaged<nuint, uint> IsError;
    private const int ResetSessionOnly = 1, ParameterLevel = 100;
    private static readonly delegate* unmanaged<nint> CreateCCtx;
    private static readonly delegate* unmanaged<nint, nuint> FreeCCtx;
    private static readonly delegate* unmanaged<nint, int, int, nuint> SetParameter;
    private static readonly delegate* unmanaged<nint, byte*, nuint, byte*, nuint, nuint> Compress2;
    private static readonly delegate* unmanaged<nuint, nuint> CompressBound;

    [ThreadStatic]
    private static Context? s_context;

    static Zstd()
    {
        var library = NativeCodec.TryLoad("libzstd.so.1", "libzstd.1.dylib", "libzstd.dylib", "libzstd.dll", "zstd.dll", "libzstd.so");
        var complete = library != 0;
        CreateDCtx = (delegate* unmanaged<nint>)NativeCodec.Find(library, "ZSTD_createDCtx", ref complete);
        FreeDCtx = (delegate* unmanaged<nint, nuint>)NativeCodec.Find(library, "ZSTD_freeDCtx", ref complete);
        ResetDCtx = (delegate* unmanaged<nint, int, nuint>)NativeCodec.Find(library, "ZSTD_DCtx_reset", ref complete);
        DecompressStream =
            (delegate* unmanaged<nint, Piece*, Piece*, nuint>)NativeCodec.Find(library, "ZSTD_decompressStream", ref complete);
        IsError = (delegate* unmanaged<nuint, uint>)NativeCodec.Find(library, "ZSTD_isError", ref complete);
        CreateCCtx = (delegate* unmanaged<nint>)NativeCodec.Find(library, "ZSTD_createCCtx", ref complete);
        FreeCCtx = (delegate* unmanaged<nint, nuint>)NativeCodec.Find(library, "ZSTD_freeCCtx", ref complete);
        SetParameter = (delegate* unmanaged<nint, int, int, nuint>)NativeCodec.Find(library, "ZSTD_CCtx_setParameter", ref complete);
        Compress2 = (delegate* unmanaged<nint, byte*, nuint, byte*, nuint, nuint>)NativeCodec.Find(library, "ZSTD_compress2", ref complete);
        CompressBound = (delegate* unmanaged<nuint, nuint>)NativeCodec.Find(library, "ZSTD_compressBound", ref complete);
        IsAvailable = complete;
    }

    public static void Compress(int level, ReadOnlySpan<byte> plain, ByteWriter output)
    {
        var context = (s_context ??= new Context()).Handle;
        level = level == CompressionLevels.Default
            ? CompressionLevels.ZstdDefault
            : Math.Clamp(level, CompressionLevels.ZstdMin, CompressionLevels.ZstdMax);
        var start = output.Length;
        var room = output.Take(checked((int)CompressBound((nuint)plain.Length)));
        nuint written;
        fixed (byte* input = plain)
        {
            fixed (byte* into = room)
            {
                Check.That(IsError(SetParameter(context, ParameterLevel, level)) == 0);
                written = Compress2(context, into, (nuint)room.Length, input, (nuint)plain.Length);
            }
        }

        Check.That(IsError(written) == 0);
        output.Truncate(start + (int)written);
    }

    /// <summary>Where the library reads or writes, and how far it got.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Piece
    {
        public byte* Bytes;
        public nuint Size, Position;
    }

    /// <summary>A compression context, kept by the thread that made it.</summary>
    private sealed class Context
    {
        public readonly nint Handle = CreateCCtx();

        ~Context() => FreeCCtx(Handle);
    }
}

/// <summary>Opens zstd bodies, of one or more frames.</summary>
internal sealed unsafe class ZstdInflater : Inflater
{
    [ThreadStatic]
    private static ZstdInflater? s_spare;

    private readonly nint _context = Zstd.CreateDCtx();
    private Zstd.Piece _input;
    private bool _insideFrame;

    ~ZstdInflater() => Zstd.FreeDCtx(_context);

    public static ZstdInflater Begin(byte* input, int length)
    {
        var inflater = s_spare ?? new ZstdInflater();
        s_spare = null;
        Zstd.ResetDCtx(inflater._context, 1);
        inflater._input = new Zstd.Piece { Bytes = input, Size = (nuint)length };
        inflater._insideFrame = false;
        return inflater;
    }

    public override int Read(Span<byte> output)
    {
        fixed (byte* into = output)
        {
            var piece = new Zstd.Piece { Bytes = into, Size = (nuint)output.Length };
            while (piece.Position == 0 && (_input.Position < _input.Size || _insideFrame))
            {
                var before = _input.Position;
                nuint left;
                fixed (Zstd.Piece* input = &_input)
                {
                    left = Zstd.DecompressStream(_context, &piece, input);
                }

                if (Zstd.IsError(left) != 0)
                {
                    throw new MalformedException("zstd: the frame is not one");
                }

                _insideFrame = left != 0;
                if (_insideFrame && piece.Position == 0 && before == _input.Position)
                {
                    throw new MalformedException("zstd: the frame ends too early");
                }
            }

            return (int)piece.Position;
        }
    }

    public override void Dispose() => s_spare = this;
}
