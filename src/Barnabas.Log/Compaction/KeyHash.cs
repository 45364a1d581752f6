using System.Buffers.Binary;
using System.Numerics;

namespace Barnabas.Log.Compaction;

/// <summary>
/// SipHash-2-4 with 128 bits of result: two keys of records that meet in it would make compaction lose one, so that it has to be out of
/// reach of chance, and of a client that tries, who does not know the secret. Immutable, for any thread.
/// </summary>
/// <param name="SecretLow">First half of the secret, fresh for each cleaning.</param>
/// <param name="SecretHigh">Second half.</param>
public readonly record struct KeyHash(ulong SecretLow, ulong SecretHigh)
{
    /// <summary>The hash of a key's bytes.</summary>
    internal UInt128 Of(ReadOnlySpan<byte> key)
    {
        var state = new State
        {
            A = SecretLow ^ 0x736f6d6570736575UL,
            B = SecretHigh ^ 0x646f72616e646f6dUL ^ 0xee,
            C = SecretLow ^ 0x6c7967656e657261UL,
            D = SecretHigh ^ 0x7465646279746573UL,
        };
        var left = key;
        for (; left.Length >= 8; left = left[8..])
        {
            state.Take(BinaryPrimitives.ReadUInt64LittleEndian(left));
        }

        var last = (ulong)(byte)key.Length << 56;
        for (var i = 0; i < left.Length; i++)
        {
            last |= (ulong)left[i] << (8 * i);
        }

        state.Take(last);
        state.C ^= 0xee;
        var low = state.Finish();
        state.B ^= 0xdd;
        return new UInt128(state.Finish(), low);
    }

    private struct State
    {
        public ulong A, B, C, D;

        public void Take(ulong word)
        {
            D ^= word;
            Round();
            Round();
            A ^= word;
        }

        public ulong Finish()
        {
            Round();
            Round();
            Round();
            Round();
            return A ^ B ^ C ^ D;
        }

        private void Round()
        {
            A += B;
            C += D;
            B = BitOperations.RotateLeft(B, 13) ^ A;
            D = BitOperations.RotateLeft(D, 16) ^ C;
            A = BitOperations.RotateLeft(A, 32);
            C += B;
            A += D;
            B = BitOperations.RotateLeft(B, 17) ^ C;
            D = BitOperations.RotateLeft(D, 21) ^ A;
            C = BitOperations.RotateLeft(C, 32);
        }
    }
}
