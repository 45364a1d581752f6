using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages;

namespace Barnabas.Cluster.Metadata;

/// <summary>
/// A record of <c>__cluster_metadata</c> with its type and the version it is or was written in. The message is not changed any more.
/// </summary>
public sealed record MetadataRecord(short Type, short Version, IMessage Message)
{
    private const uint FrameVersion = 1;

    /// <summary>Writes the value of the record: frame version, type, version, body.</summary>
    public void Write(ByteWriter writer)
    {
        writer.WriteUVarInt(FrameVersion);
        writer.WriteUVarInt((uint)Type);
        writer.WriteUVarInt((uint)Version);
        Message.Write(writer, Version);
    }

    /// <summary>
    /// Reads the value of a record. One that this program does not know is refused: an image without it would be silently wrong.
    /// </summary>
    /// <exception cref="MalformedException">The bytes are no metadata record, or of a type or version that came after Kafka
    /// 4.3.</exception>
    public static MetadataRecord Read(ReadOnlySpan<byte> value)
    {
        var reader = new ByteReader(value);
        var frame = reader.ReadUVarInt();
        if (frame != FrameVersion)
        {
            throw new MalformedException($"a metadata record has frame version {frame}; only {FrameVersion} is known");
        }

        var type = reader.ReadUVarInt();
        var version = reader.ReadUVarInt();
        if (type > short.MaxValue || version > short.MaxValue)
        {
            throw new MalformedException($"a metadata record has type {type} and version {version}");
        }

        return new MetadataRecord((short)type, (short)version, ReadBody((short)type, ref reader, (short)version));
    }

    private static IMessage ReadBody(short type, ref ByteReader reader, short version) => type switch
    {
        RegisterBrokerRecord.RecordType => Of<RegisterBrokerRecord>(ref reader, version, RegisterBrokerRecord.HighestVersion),
        UnregisterBrokerRecord.RecordType => Of<UnregisterBrokerRecord>(ref reader, version, UnregisterBrokerRecord.HighestVersion),
        TopicRecord.RecordType => Of<TopicRecord>(ref reader, version, TopicRecord.HighestVersion),
        PartitionRecord.RecordType => Of<PartitionRecord>(ref reader, version, PartitionRecord.HighestVersion),
        ConfigRecord.RecordType => Of<ConfigRecord>(ref reader, version, ConfigRecord.HighestVersion),
        PartitionChangeRecord.RecordType => Of<PartitionChangeRecord>(ref reader, version, PartitionChangeRecord.HighestVersion),
        FenceBrokerRecord.RecordType => Of<FenceBrokerRecord>(ref reader, version, FenceBrokerRecord.HighestVersion),
        UnfenceBrokerRecord.RecordType => Of<UnfenceBrokerRecord>(ref reader, version, UnfenceBrokerRecord.HighestVersion),
        RemoveTopicRecord.RecordType => Of<RemoveTopicRecord>(ref reader, version, RemoveTopicRecord.HighestVersion),
        DelegationTokenRecord.RecordType => Of<DelegationTokenRecord>(ref reader, version, DelegationTokenRecord.HighestVersion),
        UserScramCredentialRecord.RecordType =>
            Of<UserScramCredentialRecord>(ref reader, version, UserScramCredentialRecord.HighestVersion),
        FeatureLevelRecord.RecordType => Of<FeatureLevelRecord>(ref reader, version, FeatureLevelRecord.HighestVersion),
        ClientQuotaRecord.RecordType => Of<ClientQuotaRecord>(ref reader, version, ClientQuotaRecord.HighestVersion),
        ProducerIdsRecord.RecordType => Of<ProducerIdsRecord>(ref reader, version, ProducerIdsRecord.HighestVersion),
        BrokerRegistrationChangeRecord.RecordType =>
            Of<BrokerRegistrationChangeRecord>(ref reader, version, BrokerRegistrationChangeRecord.HighestVersion),
        AccessControlEntryRecord.RecordType => Of<AccessControlEntryRecord>(ref reader, version, AccessControlEntryRecord.HighestVersion),
        RemoveAccessControlEntryRecord.RecordType =>
            Of<RemoveAccessControlEntryRecord>(ref reader, version, RemoveAccessControlEntryRecord.HighestVersion),
        NoOpRecord.RecordType => Of<NoOpRecord>(ref reader, version, NoOpRecord.HighestVersion),
        ZkMigrationStateRecord.RecordType => Of<ZkMigrationStateRecord>(ref reader, version, ZkMigrationStateRecord.HighestVersion),
        RemoveUserScramCredentialRecord.RecordType =>
            Of<RemoveUserScramCredentialRecord>(ref reader, version, RemoveUserScramCredentialRecord.HighestVersion),
        BeginTransactionRecord.RecordType => Of<BeginTransactionRecord>(ref reader, version, BeginTransactionRecord.HighestVersion),
        EndTransactionRecord.RecordType => Of<EndTransactionRecord>(ref reader, version, EndTransactionRecord.HighestVersion),
        AbortTransactionRecord.RecordType => Of<AbortTransactionRecord>(ref reader, version, AbortTransactionRecord.HighestVersion),
        RemoveDelegationTokenRecord.RecordType =>
            Of<RemoveDelegationTokenRecord>(ref reader, version, RemoveDelegationTokenRecord.HighestVersion),
        RegisterControllerRecord.RecordType => Of<RegisterControllerRecord>(ref reader, version, RegisterControllerRecord.HighestVersion),
        ClearElrRecord.RecordType => Of<ClearElrRecord>(ref reader, version, ClearElrRecord.HighestVersion),
        _ => throw new MalformedException(
            $"the metadata holds a record of type {type}, which this version of Barnabas does not know: start a version that does"),
    };

    private static T Of<T>(ref ByteReader reader, short version, short highest)
        where T : class, IMessage<T>
    {
        if (version > highest)
        {
            throw new MalformedException(
                $"the metadata holds a {typeof(T).Name} of version {version}, and this version of Barnabas reads up to {highest}: "
                + "start a version that reads it");
        }

        return T.Read(ref reader, version);
    }
}
