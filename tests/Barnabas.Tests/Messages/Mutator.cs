using System.Buffers.Binary;

namespace Barnabas.Tests.Messages;

/// <summary>Spoils frames the ways that strangers and broken wires do: bits, lengths, cuts, repeats, pieces of other frames.</summary>
internal sealed class Mutator(Random random)
{
    private static readonly byte[] Odd = [0, 1, 0x7F, 0x80, 0xFE, 0xFF];
    private static readonly int[] Lengths = [-2, -1, 0, 1, 0x7FFF, 0x10000, 0x00FFFFFF, int.MaxValue, int.MinValue];

    /// <summary>A spoiled copy of <paramref name="frame"/>; bytes before <paramref name="from"/> mostly stay as they are.</summary>
    public byte[] Spoil(byte[] frame, int from, byte[] other)
    {
        var spoiled = (byte[])frame.Clone();
        for (var times = 1 + random.Next(3); times > 0; times--)
        {
            var begin = random.Next(20) == 0 ? 0 : Math.Min(from, spoiled.Length);
            spoiled = Once(spoiled, begin + random.Next(spoiled.Length - begin + 1), other);
        }

        return spoiled;
    }

    private byte[] Once(byte[] frame, int at, byte[] other)
    {
        var left = frame.Length - at;
        switch (random.Next(9))
        {
            case 0 when left > 0:
                frame[at] ^= (byte)(1 << random.Next(8));
                return frame;
            case 1 when left > 0:
                frame[at] = Odd[random.Next(Odd.Length)];
                return frame;
            case 2 when left >= 4:
                BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(at), Lengths[random.Next(Lengths.Length)]);
                return frame;
            case 3 when left >= 2:
                BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(at), (short)Lengths[random.Next(Lengths.Length)]);
                return frame;
            case 4:
                return frame[..at];
            case 5:
                return [.. frame[..at], .. frame[(at + random.Next(left + 1))..]];
            case 6:
                return [.. frame[..at], .. VarInt(), .. frame[at..]];
            case 7:
                return [.. frame, .. frame[at..]];
            case 8 when other.Length > 0:
                var piece = random.Next(other.Length);
                return [.. frame[..at], .. other.AsSpan(piece, random.Next(other.Length - piece + 1))];
            default:
                return [.. frame, (byte)random.Next(256)];
        }
    }

    /// <summary>An unsigned varint that claims much, or that never ends.</summary>
    private byte[] VarInt()
    {
        var bytes = new byte[1 + random.Next(6)];
        random.NextBytes(bytes);
        for (var i = 0; i < bytes.Length - 1; i++)
        {
            bytes[i] |= 0x80;
        }

        return bytes;
    }
}
