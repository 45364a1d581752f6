using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Protocol.Records;

namespace Barnabas.Log.Producers;

/// <summary>What the one record of a transaction marker batch says.</summary>
internal readonly record struct TransactionMarker(bool IsAbort, int CoordinatorEpoch)
{
    private const short Abort = 0, Commit = 1;

    /// <summary>Reads the marker of a control batch; false for control batches of other kinds and for bytes that are no marker.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> batch, out TransactionMarker marker)
    {
        marker = default;
        try
        {
            var reader = new ByteReader(batch);
            reader.Skip(RecordBatchHeader.HeaderBytes);
            reader.ReadVarInt();
            reader.Skip(1);
            reader.ReadVarLong();
            reader.ReadVarInt();
            if (reader.ReadVarInt() < 4)
            {
                return false;
            }

            reader.Skip(2);
            var type = reader.ReadInt16();
            if (type is not (Abort or Commit) || reader.ReadVarInt() < 6)
            {
                return false;
            }

            reader.Skip(2);
            marker = new TransactionMarker(type == Abort, reader.ReadInt32());
            return true;
        }
        catch (MalformedException)
        {
            return false;
        }
    }
}
