namespace Barnabas.Log.Batches;

/// <summary>The CRC-32 of zip, which messages of magic 0 and 1 carry. Only for old files, so a table is fast enough. Stateless.</summary>
internal static class Crc32
{
    private static readonly uint[] Table = MakeTable();

    internal static uint Compute(ReadOnlySpan<byte> bytes)
    {
        var state = ~0u;
        foreach (var b in bytes)
        {
            state = (state >> 8) ^ Table[(byte)(state ^ b)];
        }

        return ~state;
    }

    private static uint[] MakeTable()
    {
        var table = new uint[256];
        for (var i = 0u; i < table.Length; i++)
        {
            var value = i;
            for (var bit = 0; bit < 8; bit++)
            {
                value = (value >> 1) ^ ((value & 1) * 0xEDB88320u);
            }

            table[i] = value;
        }

        return table;
    }
}
