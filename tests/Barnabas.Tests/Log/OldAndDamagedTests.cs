using System.Buffers.Binary;
using Barnabas.Base;
using Barnabas.Log;
using Barnabas.Log.Batches;
using Barnabas.Log.Lookups;
using Barnabas.Protocol.Records;

namespace Barnabas.Tests.Log;

/// <summary>Directories that others wrote, long ago or badly.</summary>
public sealed class OldAndDamagedTests : IDisposable
{
    private readonly LogFixture _fixture = new() { Config = LogConfig.Default with { SegmentBytes = 2000, IndexIntervalBytes = 150 } };

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void The_checksum_of_old_messages_is_that_of_zip() => Assert.Equal(0xCBF43926u, Crc32.Compute("123456789"u8));

    [Theory, InlineData(0), InlineData(1)]
    public void Messages_of_magic_0_and_1_are_served_as_they_lie(int magic)
    {
        Directory.CreateDirectory(_fixture.Directory);
        var old = Enumerable.Range(0, 5).SelectMany(i => OldMessage(i, magic, 1000 + i)).ToArray();
        File.WriteAllBytes(_fixture.PathOf(0, ".log"), [.. old, .. old[..10]]);
        var opened = _fixture.Open();
        Assert.Equal((5L, 10L), (opened.Log.LogEndOffset, opened.Report.BytesCut));
        Assert.Equal(5, _fixture.Append(1).BaseOffset);
        var slice = opened.Log.View.Slice(3, 1 << 20, ReadLimit.LogEnd, true);
        var bytes = LogFixture.BytesOf(slice);
        Assert.Equal(old[(old.Length / 5 * 3)..], bytes[..(old.Length / 5 * 2)]);
        Assert.Equal(magic == 1 ? 2 : 5, LogLookup.ByTimestamp(opened.Log.View, 1002)!.Value.Offset);
    }

    [Fact]
    public void Random_damage_never_gives_wrong_bytes()
    {
        var random = new Random(5);
        for (var round = 0; round < 40; round++)
        {
            using var fixture = new LogFixture { Config = _fixture.Config };
            for (var i = 0; i < 30; i++)
            {
                var options = new BatchOptions { ProducerId = 3, ProducerEpoch = 0, BaseSequence = i * 2 };
                fixture.Append(2, options, valueBytes: random.Next(200), epoch: i / 10);
            }

            fixture.Log.Close();
            for (var hits = 1 + random.Next(4); hits > 0; hits--)
            {
                Damage(random, fixture.Directory);
            }

            ReadWhatIsGood(fixture);
        }
    }

    /// <summary>Opens as after a crash: a fault of the disk, or a log whose every slice is good batches.</summary>
    private static void ReadWhatIsGood(LogFixture fixture)
    {
        try
        {
            fixture.Open(clean: false);
        }
        catch (IOException)
        {
            return;
        }

        var view = fixture.Log.View;
        for (var offset = view.LogStartOffset; offset < view.LogEndOffset;)
        {
            var slice = view.Slice(offset, 1 << 20, ReadLimit.LogEnd, true);
            if (slice.ErrorCode == ErrorCode.CorruptMessage || slice.Bytes.IsEmpty)
            {
                offset++;
                continue;
            }

            Assert.Equal(ErrorCode.None, slice.ErrorCode);
            var headers = LogFixture.HeadersOf(LogFixture.BytesOf(slice));
            Assert.True(headers[^1].NextOffset > offset);
            Assert.All(headers, h => Assert.Equal(2, h.RecordCount));
            offset = headers[^1].NextOffset;
        }

        _ = LogLookup.ByTimestamp(view, fixture.NowMs);
        _ = LogLookup.MaxTimestamp(view);
        fixture.Log.Abandon();
    }

    private static void Damage(Random random, string directory)
    {
        var files = Directory.GetFiles(directory).Order().ToArray();
        if (files.Length == 0)
        {
            return;
        }

        var path = files[random.Next(files.Length)];
        var bytes = File.ReadAllBytes(path);
        switch (random.Next(6))
        {
            case 0:
                File.Delete(path);
                return;
            case 1:
                bytes = bytes[..random.Next(bytes.Length + 1)];
                break;
            case 2:
                bytes.AsSpan(random.Next(bytes.Length + 1)).Clear();
                break;
            case 3:
                File.WriteAllBytes(path, File.ReadAllBytes(files[random.Next(files.Length)]));
                return;
            case 4:
                random.NextBytes(bytes.AsSpan(random.Next(bytes.Length + 1)));
                break;
            default:
                if (bytes.Length > 0)
                {
                    bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                }

                break;
        }

        File.WriteAllBytes(path, bytes);
    }

    private static byte[] OldMessage(long offset, int magic, long timestampMs)
    {
        var body = new byte[magic == 1 ? 26 : 18];
        body[4] = (byte)magic;
        if (magic == 1)
        {
            BinaryPrimitives.WriteInt64BigEndian(body.AsSpan(6), timestampMs);
        }

        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(body.Length - 12), -1);
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(body.Length - 8), 4);
        BinaryPrimitives.WriteUInt32BigEndian(body, Crc32.Compute(body.AsSpan(4)));
        var message = new byte[12 + body.Length];
        BinaryPrimitives.WriteInt64BigEndian(message, offset);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(8), body.Length);
        body.CopyTo(message, 12);
        return message;
    }
}
