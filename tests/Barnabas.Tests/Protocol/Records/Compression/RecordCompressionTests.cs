using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Protocol.Records;
using Barnabas.Protocol.Records.Compression;
using Barnabas.Shared;

namespace Barnabas.Tests.Protocol.Records.Compression;

/// <summary>The codecs, with the oddities of framing that Kafka 4.3.1 was seen to take or to refuse.</summary>
public sealed class RecordCompressionTests
{
    private const int Cap = 1 << 24;
    private static readonly byte[] Text = Enumerable.Range(0, 3000).SelectMany(i => BitConverter.GetBytes(i / 7)).ToArray();

    public static TheoryData<CompressionType> Codecs =>
        new(Enum.GetValues<CompressionType>().Where(c => c != CompressionType.None && RecordCompression.IsAvailable(c)));

    [PeerFact(Need.Linux)]
    public void On_Linux_the_native_codecs_are_part_of_the_base_system()
    {
        Assert.True(RecordCompression.IsAvailable(CompressionType.Lz4));
        Assert.True(RecordCompression.IsAvailable(CompressionType.Zstd));
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Anything_comes_back_at_every_level(CompressionType codec)
    {
        var random = new Random(3);
        foreach (var size in new[] { 0, 1, 2, 3, 4, 5, 63, 64, 65, 1000, 32767, 32768, 32769, 65536, 200_000, 1_000_000 })
        {
            var plain = new byte[size];
            for (var i = 0; i < size; i++)
            {
                plain[i] = random.Next(4) == 0 ? (byte)random.Next(256) : i > 40 ? plain[i - random.Next(1, 40)] : (byte)7;
            }

            foreach (var level in new[] { CompressionLevels.Default, 1, 3, 9, 17, 22 }.Take(size > 100_000 ? 3 : 6))
            {
                Assert.Equal(plain, Decompress(codec, Compress(codec, plain, level)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Random_and_constant_bytes_come_back(CompressionType codec)
    {
        var noise = new byte[100_000];
        new Random(5).NextBytes(noise);
        Assert.Equal(noise, Decompress(codec, Compress(codec, noise)));
        Assert.Equal(new byte[300_000], Decompress(codec, Compress(codec, new byte[300_000])));
        Assert.True(Compress(codec, new byte[300_000]).Length < 20_000);
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void A_body_that_ends_too_early_or_is_none_is_malformed(CompressionType codec)
    {
        var body = Compress(codec, Text);
        foreach (var cut in new[] { 1, 3, 12, body.Length / 2, body.Length - 20 })
        {
            Assert.Throws<MalformedException>(() => Decompress(codec, body[..^cut]));
        }

        Assert.Throws<MalformedException>(() => Decompress(codec, "garbage garbage garbage"u8.ToArray()));
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Flipped_bits_never_do_more_than_fail(CompressionType codec)
    {
        var body = Compress(codec, Text);
        var random = new Random(9);
        for (var turn = 0; turn < 3000; turn++)
        {
            var wrong = (byte[])body.Clone();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                wrong[random.Next(wrong.Length)] ^= (byte)(1 << random.Next(8));
            }

            using var output = new ByteWriter();
            try
            {
                RecordCompression.Decompress(codec, wrong, output, 1 << 20);
            }
            catch (MalformedException)
            {
            }
        }

        Assert.Equal(Text, Decompress(codec, body));
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void A_bomb_stops_at_the_cap_and_leaves_the_output_as_it_was(CompressionType codec)
    {
        var bomb = Compress(codec, new byte[20_000_000]);
        using var output = new ByteWriter();
        output.WriteInt32(1);
        Assert.Equal(ErrorCode.MessageTooLarge, RecordCompression.Decompress(codec, bomb, output, 1_000_000));
        Assert.Equal(4, output.Length);
        Assert.Equal(ErrorCode.None, RecordCompression.Decompress(codec, bomb, output, 20_000_000));
        Assert.Equal(20_000_004, output.Length);
    }

    [Fact]
    public void An_unknown_codec_is_unsupported()
    {
        using var output = new ByteWriter();
        Assert.False(RecordCompression.IsAvailable((CompressionType)5));
        Assert.Equal(ErrorCode.UnsupportedCompressionType, RecordCompression.Decompress((CompressionType)5, Text, output, Cap));
    }

    [Fact]
    public void Empty_bodies_are_malformed_but_for_zstd()
    {
        Assert.Throws<MalformedException>(() => Decompress(CompressionType.Gzip, []));
        Assert.Throws<MalformedException>(() => Decompress(CompressionType.Snappy, []));
        Assert.Throws<MalformedException>(() => Decompress(CompressionType.Lz4, []));
        Assert.Empty(Decompress(CompressionType.Zstd, []));
    }

    [Fact]
    public void Several_frames_are_one_body_but_in_lz4_where_the_first_is_all()
    {
        foreach (var codec in new[] { CompressionType.Gzip, CompressionType.Snappy, CompressionType.Zstd })
        {
            Assert.Equal(Text, Decompress(codec, [.. Compress(codec, Text[..50]), .. Compress(codec, Text[50..])]));
        }

        byte[] two = [.. Compress(CompressionType.Lz4, Text[..50]), .. Compress(CompressionType.Lz4, Text[50..])];
        Assert.Equal(Text[..50], Decompress(CompressionType.Lz4, two));
    }

    [Fact]
    public void Bytes_behind_the_last_frame_are_passed_over_but_in_zstd()
    {
        foreach (var codec in new[] { CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4 })
        {
            Assert.Equal(Text, Decompress(codec, [.. Compress(codec, Text), .. "xyz"u8]));
        }

        Assert.Throws<MalformedException>(() => Decompress(CompressionType.Zstd, [.. Compress(CompressionType.Zstd, Text), .. "xyz"u8]));
    }

    [Fact]
    public void Gzip_checks_its_trailer()
    {
        var body = Compress(CompressionType.Gzip, Text);
        body[^5] ^= 1;
        Assert.Throws<MalformedException>(() => Decompress(CompressionType.Gzip, body));
        using var stream = new GZipStream(new MemoryStream(Compress(CompressionType.Gzip, Text)), CompressionMode.Decompress);
        var plain = new MemoryStream();
        stream.CopyTo(plain);
        Assert.Equal(Text, plain.ToArray());
    }

    [Fact]
    public void Snappy_is_framed_as_snappy_java_does_it_and_read_without_framing_too()
    {
        var body = Compress(CompressionType.Snappy, Text);
        Assert.Equal("82534E41505059000000000100000001", Convert.ToHexString(body.AsSpan(0, 16)));
        Assert.Equal(body.Length - 20, BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(16)));
        Assert.Equal(Text, Decompress(CompressionType.Snappy, body[20..]));
        Assert.Empty(Decompress(CompressionType.Snappy, body[..16]));
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(8), 0);
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(12), 2);
        Assert.Equal(Text, Decompress(CompressionType.Snappy, body));
    }

    [Theory]
    [InlineData("00", "")]
    [InlineData("0400616263", null)] // four declared, one given, bytes left
    [InlineData("0308616263", "616263")]
    [InlineData("0CF002616263", null)] // the literal is cut off
    [InlineData("09086162630903", "616263616263616263")] // an overlapping copy, three bytes of distance
    [InlineData("0908616263090300", null)] // more than declared
    [InlineData("08086162630903", null)] // the same by a copy
    [InlineData("07086162630103", "61626361626361")] // overlapping copy, one byte of distance
    [InlineData("07086162630E0300", "61626361626361")] // the same, two bytes of distance
    [InlineData("07086162630F03000000", "61626361626361")] // the same, four bytes of distance
    [InlineData("07086162630104", null)] // from before the start
    [InlineData("07086162630100", null)] // from nowhere
    [InlineData("80808080048800", null)] // a gigabyte is declared in two bytes
    [InlineData("FFFFFFFF7F0000", null)] // more than 32 bits are declared
    [InlineData("FC", null)]
    public void Raw_snappy(string block, string? plain)
    {
        var bytes = Convert.FromHexString(block);
        if (plain is null)
        {
            Assert.Throws<MalformedException>(() => Decompress(CompressionType.Snappy, bytes));
        }
        else
        {
            Assert.Equal(plain, Convert.ToHexString(Decompress(CompressionType.Snappy, bytes)));
        }
    }

    [Fact]
    public void Lz4_frames_have_the_header_that_Kafkas_clients_write()
    {
        var body = Compress(CompressionType.Lz4, Text);
        Assert.Equal("04224D186040" + "82", Convert.ToHexString(body.AsSpan(0, 7)));
        body[6] ^= 1;
        Assert.Throws<MalformedException>(() => Decompress(CompressionType.Lz4, body));
    }

    [Theory]
    [InlineData(0x40)] // dependent blocks
    [InlineData(0x61)] // a dictionary
    public void Lz4_frames_that_Kafkas_clients_cannot_read_are_refused(byte flags)
    {
        var body = Compress(CompressionType.Lz4, Text);
        body[4] = flags;
        var fault = Assert.Throws<MalformedException>(() => Decompress(CompressionType.Lz4, body));
        Assert.Contains("dependent", fault.Message, StringComparison.Ordinal);
    }

    [PeerFact(Need.Linux)]
    public void A_library_that_is_not_there_is_not_found() => Assert.Equal(0, NativeCodec.TryLoad("libnone-such.so.1", "none-such.dll"));

    [Fact]
    public void A_function_that_is_not_there_marks_its_codec_incomplete()
    {
        var complete = true;
        Assert.Equal(0, NativeCodec.Find(NativeLibrary.GetMainProgramHandle(), "barnabas_none_such", ref complete));
        Assert.False(complete);
    }

    private static byte[] Compress(CompressionType codec, byte[] plain, int level = CompressionLevels.Default)
    {
        using var output = new ByteWriter();
        RecordCompression.Compress(codec, level, plain, output);
        return output.Written.ToArray();
    }

    private static byte[] Decompress(CompressionType codec, byte[] body)
    {
        using var output = new ByteWriter();
        Assert.Equal(ErrorCode.None, RecordCompression.Decompress(codec, body, output, Cap));
        return output.Written.ToArray();
    }
}
