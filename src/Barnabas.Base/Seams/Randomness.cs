using System.Numerics;

namespace Barnabas.Base.Seams;

/// <summary>
/// Random numbers from a seed (xoshiro256**), owned by whoever made it and not safe for two threads. Each concern has its own stream, so
/// that one more draw in one place does not shift another.
/// </summary>
public sealed class Randomness
{
    private ulong _a, _b, _c, _d;

    /// <summary>A stream that is a function of the seed alone.</summary>
    public Randomness(ulong seed)
    {
        _a = Mix(ref seed);
        _b = Mix(ref seed);
        _c = Mix(ref seed);
        _d = Mix(ref seed);
    }

    /// <summary>An independent stream for one concern of the same seed.</summary>
    public Randomness Split() => new(NextUInt64());

    public ulong NextUInt64()
    {
        var result = BitOperations.RotateLeft(_b * 5, 7) * 9;
        var t = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= t;
        _d = BitOperations.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>A number from 0 to <paramref name="bound"/> - 1.</summary>
    public int Next(int bound) => (int)(((NextUInt64() >> 32) * (ulong)bound) >> 32);

    /// <summary>True with the given chance of 0 to 1.</summary>
    public bool Chance(double chance) => (NextUInt64() >> 11) * (1.0 / (1UL << 53)) < chance;

    /// <summary>A random id that is not one of Kafka's reserved ones and whose text does not begin with '-'.</summary>
    public Uuid NextUuid()
    {
        while (true)
        {
            var id = new Uuid((NextUInt64() & ~0xF000UL) | 0x4000UL, (NextUInt64() & ~(3UL << 62)) | (2UL << 62));
            if (!id.IsReserved && (id.High >> 58) != 62)
            {
                return id;
            }
        }
    }

    private static ulong Mix(ref ulong state)
    {
        var z = state += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
