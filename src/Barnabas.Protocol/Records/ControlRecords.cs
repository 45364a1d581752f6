using System.Buffers.Binary;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages;

namespace Barnabas.Protocol.Records;

/// <summary>What a record of a control batch says; the second half of its key. Other numbers are of a newer Kafka.</summary>
public enum ControlRecordType : short
{
    Abort = 0,
    Commit = 1,
    LeaderChange = 2,
    SnapshotHeader = 3,
    SnapshotFooter = 4,
    KRaftVersion = 5,
    KRaftVoters = 6,
}

/// <summary>
/// Records of control batches: markers that end transactions, and what KRaft writes into its own log and snapshots. Keys are two int16,
/// version 0 and the type. Pure functions, any thread.
/// </summary>
public static class ControlRecords
{
    private const int KeyBytes = 4, MarkerBytes = 6;

    /// <summary>Reads a key. A version above 0 may have more behind the type. False for bytes that are no key.</summary>
    public static bool TryReadType(OptionalBytes key, out ControlRecordType type)
    {
        if (key.Length < KeyBytes || BinaryPrimitives.ReadInt16BigEndian(key.Span) < 0)
        {
            type = default;
            return false;
        }

        type = (ControlRecordType)BinaryPrimitives.ReadInt16BigEndian(key.Span[2..]);
        return true;
    }

    /// <summary>Reads the epoch of the transaction coordinator that wrote a marker. False for bytes that are no marker.</summary>
    public static bool TryReadMarker(OptionalBytes value, out int coordinatorEpoch)
    {
        if (value.Length < MarkerBytes || BinaryPrimitives.ReadInt16BigEndian(value.Span) < 0)
        {
            coordinatorEpoch = -1;
            return false;
        }

        coordinatorEpoch = BinaryPrimitives.ReadInt32BigEndian(value.Span[2..]);
        return true;
    }

    /// <summary>
    /// Reads a value of KRaft's, whose first field is the version it is written in. <see cref="MalformedException"/> when it is not one.
    /// </summary>
    public static T Read<T>(OptionalBytes value)
        where T : IMessage<T> =>
        value.Length < 2
            ? throw new MalformedException("a control record without a version")
            : MessageCodec.Decode<T>(value.Span, BinaryPrimitives.ReadInt16BigEndian(value.Span));

    /// <summary>Writes a marker into a control batch, whose only record it is.</summary>
    public static void AppendMarker(RecordBatchBuilder batch, long timestampMs, bool commit, int coordinatorEpoch)
    {
        Span<byte> value = stackalloc byte[MarkerBytes];
        BinaryPrimitives.WriteInt16BigEndian(value, 0);
        BinaryPrimitives.WriteInt32BigEndian(value[2..], coordinatorEpoch);
        Append(batch, timestampMs, commit ? ControlRecordType.Commit : ControlRecordType.Abort, value);
    }

    /// <summary>Writes a value of KRaft's into a control batch. Its version field must say <paramref name="version"/>.</summary>
    public static void Append(RecordBatchBuilder batch, long timestampMs, ControlRecordType type, IMessage value, short version)
    {
        using var body = new ByteWriter();
        value.Write(body, version);
        Check.That(BinaryPrimitives.ReadInt16BigEndian(body.Written) == version);
        Append(batch, timestampMs, type, body.Written);
    }

    private static void Append(RecordBatchBuilder batch, long timestampMs, ControlRecordType type, ReadOnlySpan<byte> value)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        BinaryPrimitives.WriteInt16BigEndian(key, 0);
        BinaryPrimitives.WriteInt16BigEndian(key[2..], (short)type);
        batch.Append(timestampMs, (ReadOnlySpan<byte>)key, value);
    }
}
