using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages;
using Barnabas.Protocol.Records;

namespace Barnabas.Cluster.Groups.Records;

/// <summary>The records of consumer groups as Kafka 4.3 writes them, all in version 0. Stateless.</summary>
internal static class ConsumerRecordCodec
{
    private const short Version = 0;

    /// <summary>Writes key and value; false for a tombstone, which has no value.</summary>
    public static bool Write(ConsumerGroupRecord record, ByteWriter key, ByteWriter value)
    {
        switch (record)
        {
            case ConsumerEpochRecord epoch:
                Key(key, ConsumerGroupMetadataKey.RecordType, new ConsumerGroupMetadataKey { GroupId = epoch.GroupId });
                return Value(value, epoch.Value);
            case ConsumerTopicsRecord topics:
                Check.That(topics.IsTombstone);
                Key(key, ConsumerGroupPartitionMetadataKey.RecordType, new ConsumerGroupPartitionMetadataKey { GroupId = topics.GroupId });
                return false;
            case ConsumerMemberRecord member:
                Key(key, ConsumerGroupMemberMetadataKey.RecordType, new ConsumerGroupMemberMetadataKey
                {
                    GroupId = member.GroupId, MemberId = member.MemberId,
                });
                return Value(value, member.Value);
            case ConsumerTargetEpochRecord target:
                Key(key, ConsumerGroupTargetAssignmentMetadataKey.RecordType, new ConsumerGroupTargetAssignmentMetadataKey
                {
                    GroupId = target.GroupId,
                });
                return Value(value, target.Value);
            case ConsumerTargetRecord target:
                Key(key, ConsumerGroupTargetAssignmentMemberKey.RecordType, new ConsumerGroupTargetAssignmentMemberKey
                {
                    GroupId = target.GroupId, MemberId = target.MemberId,
                });
                return Value(value, target.Value);
            case ConsumerCurrentRecord current:
                Key(key, ConsumerGroupCurrentMemberAssignmentKey.RecordType, new ConsumerGroupCurrentMemberAssignmentKey
                {
                    GroupId = current.GroupId, MemberId = current.MemberId,
                });
                return Value(value, current.Value);
            case ConsumerPatternRecord pattern:
                Key(key, ConsumerGroupRegularExpressionKey.RecordType, new ConsumerGroupRegularExpressionKey
                {
                    GroupId = pattern.GroupId, RegularExpression = pattern.Pattern,
                });
                return Value(value, pattern.Value);
            default:
                throw new ArgumentException($"{record.GetType().Name} is not written here", nameof(record));
        }
    }

    /// <summary>Reads a record of one of the kinds above, its type already taken from the key; null for other kinds.</summary>
    /// <exception cref="MalformedException">The bytes do not follow the schema of their kind and version.</exception>
    public static ConsumerGroupRecord? Read(short type, ref ByteReader key, OptionalBytes value)
    {
        switch (type)
        {
            case ConsumerGroupMetadataKey.RecordType:
                return new ConsumerEpochRecord(Name<ConsumerGroupMetadataKey>(ref key).GroupId, Value<ConsumerGroupMetadataValue>(value));
            case ConsumerGroupPartitionMetadataKey.RecordType:
                return new ConsumerTopicsRecord(Name<ConsumerGroupPartitionMetadataKey>(ref key).GroupId, !value.HasValue);
            case ConsumerGroupMemberMetadataKey.RecordType:
                var member = Name<ConsumerGroupMemberMetadataKey>(ref key);
                return new ConsumerMemberRecord(member.GroupId, member.MemberId, Value<ConsumerGroupMemberMetadataValue>(value));
            case ConsumerGroupTargetAssignmentMetadataKey.RecordType:
                return new ConsumerTargetEpochRecord(
                    Name<ConsumerGroupTargetAssignmentMetadataKey>(ref key).GroupId,
                    Value<ConsumerGroupTargetAssignmentMetadataValue>(value));
            case ConsumerGroupTargetAssignmentMemberKey.RecordType:
                var target = Name<ConsumerGroupTargetAssignmentMemberKey>(ref key);
                return new ConsumerTargetRecord(target.GroupId, target.MemberId, Value<ConsumerGroupTargetAssignmentMemberValue>(value));
            case ConsumerGroupCurrentMemberAssignmentKey.RecordType:
                var current = Name<ConsumerGroupCurrentMemberAssignmentKey>(ref key);
                return new ConsumerCurrentRecord(
                    current.GroupId, current.MemberId, Value<ConsumerGroupCurrentMemberAssignmentValue>(value));
            case ConsumerGroupRegularExpressionKey.RecordType:
                var pattern = Name<ConsumerGroupRegularExpressionKey>(ref key);
                return new ConsumerPatternRecord(
                    pattern.GroupId, pattern.RegularExpression, Value<ConsumerGroupRegularExpressionValue>(value));
            default:
                return null;
        }
    }

    private static void Key(ByteWriter writer, short type, IMessage key)
    {
        writer.WriteInt16(type);
        key.Write(writer, Version);
    }

    private static bool Value(ByteWriter writer, IMessage? value)
    {
        if (value is null)
        {
            return false;
        }

        writer.WriteInt16(Version);
        value.Write(writer, Version);
        return true;
    }

    private static T Name<T>(ref ByteReader key)
        where T : class, IMessage<T> => MessageCodec.Decode<T>(key.ReadSpan(key.Remaining), Version);

    private static T? Value<T>(OptionalBytes value)
        where T : class, IMessage<T>
    {
        if (!value.HasValue)
        {
            return null;
        }

        var body = new ByteReader(value.Span);
        var version = body.ReadInt16();
        return MessageCodec.Decode<T>(body.ReadSpan(body.Remaining), version);
    }
}
