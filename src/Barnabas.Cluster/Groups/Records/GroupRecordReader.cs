using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Cluster.Groups.Offsets;
using Barnabas.Messages;
using Barnabas.Protocol.Records;

namespace Barnabas.Cluster.Groups.Records;

/// <summary>
/// Reads records of <c>__consumer_offsets</c> from the log. Bytes of a known kind that are wrong are a fault of the disk.
/// </summary>
public static class GroupRecordReader
{
    private const short ShareGroupMember = 10, ShareGroupMetadata = 11;
    private const short StreamsGroupMetadata = 17, StreamsGroupMember = 19;

    /// <summary>
    /// Reads one record; null for one that a coordinator has no use for: of an unknown kind, or without a key. It stays in the log.
    /// </summary>
    /// <param name="record">A record of a data batch.</param>
    /// <param name="producerId">Of a transactional batch, else -1.</param>
    /// <exception cref="MalformedException">The bytes do not follow the schema of their kind and version.</exception>
    public static GroupRecord? Read(in Record record, long producerId)
    {
        var key = new ByteReader(record.Key.Span);
        if (!record.Key.HasValue || key.Remaining < 2)
        {
            return null;
        }

        var type = key.ReadInt16();
        return type switch
        {
            LegacyOffsetCommitKey.RecordType or OffsetCommitKey.RecordType => ReadOffset(ref key, record.Value, producerId),
            GroupMetadataKey.RecordType => ReadGroup(ref key, record.Value),
            ShareGroupMetadata => ReadForeign(ref key, ForeignKind.Share, isMember: false, record.Value),
            ShareGroupMember => ReadForeign(ref key, ForeignKind.Share, isMember: true, record.Value),
            StreamsGroupMetadata => ReadForeign(ref key, ForeignKind.Streams, isMember: false, record.Value),
            StreamsGroupMember => ReadForeign(ref key, ForeignKind.Streams, isMember: true, record.Value),
            _ => ConsumerRecordCodec.Read(type, ref key, record.Value),
        };
    }

    private static OffsetRecord ReadOffset(ref ByteReader key, OptionalBytes value, long producerId)
    {
        // The legacy kind 0 has the same fields as kind 1.
        var name = MessageCodec.Decode<OffsetCommitKey>(key.ReadSpan(key.Remaining), 0);
        if (!value.HasValue)
        {
            return new OffsetRecord(name.Group, name.Topic, name.Partition, null, producerId);
        }

        var body = new ByteReader(value.Span);
        var version = body.ReadInt16();
        var message = MessageCodec.Decode<OffsetCommitValue>(body.ReadSpan(body.Remaining), version);
        var offset = new CommittedOffset(
            message.Offset, message.LeaderEpoch, message.Metadata, message.CommitTimestamp, message.ExpireTimestamp, message.TopicId);
        return new OffsetRecord(name.Group, name.Topic, name.Partition, offset, producerId);
    }

    private static GroupMetadataRecord ReadGroup(ref ByteReader key, OptionalBytes value)
    {
        var name = MessageCodec.Decode<GroupMetadataKey>(key.ReadSpan(key.Remaining), 0);
        if (!value.HasValue)
        {
            return new GroupMetadataRecord(name.Group, null);
        }

        var body = new ByteReader(value.Span);
        var version = body.ReadInt16();
        return new GroupMetadataRecord(name.Group, MessageCodec.Decode<GroupMetadataValue>(body.ReadSpan(body.Remaining), version));
    }

    // Keys of these kinds begin with the group's id, and those of members go on with the member's.
    private static ForeignRecord ReadForeign(ref ByteReader key, ForeignKind kind, bool isMember, OptionalBytes value)
    {
        var groupId = ReadName(ref key);
        return new ForeignRecord(groupId, kind, isMember ? ReadName(ref key) : null, !value.HasValue);
    }

    private static string ReadName(ref ByteReader key)
    {
        var length = key.ReadInt16();
        return length < 0 ? throw new MalformedException("a key has null for a name") : key.ReadUtf8(length);
    }
}
