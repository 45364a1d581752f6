using Barnabas.Base;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Tests.Cluster.Metadata;

/// <summary>Metadata records for tests.</summary>
internal static class Records
{
    public static MetadataRecord Topic(string name, Uuid id) =>
        new(TopicRecord.RecordType, 0, new TopicRecord { Name = name, TopicId = id });

    public static MetadataRecord Partition(Uuid id, int partition) => new(PartitionRecord.RecordType, 2, new PartitionRecord
    {
        TopicId = id, PartitionId = partition, Replicas = [1, 2], Isr = [1, 2], Leader = 1, LeaderEpoch = 0, PartitionEpoch = 0,
        Directories = [new Uuid(3, 1), new Uuid(3, 2)],
    });

    public static MetadataRecord Change(Uuid id, int partition, Action<PartitionChangeRecord> change)
    {
        var record = new PartitionChangeRecord { TopicId = id, PartitionId = partition };
        change(record);
        return new MetadataRecord(PartitionChangeRecord.RecordType, 2, record);
    }

    public static MetadataRecord Config(ConfigKind kind, string name, string key, string? value) =>
        new(ConfigRecord.RecordType, 0, new ConfigRecord { ResourceType = (sbyte)kind, ResourceName = name, Name = key, Value = value });

    public static MetadataRecord Register(int id, long epoch) => new(RegisterBrokerRecord.RecordType, 4, new RegisterBrokerRecord
    {
        BrokerId = id,
        BrokerEpoch = epoch,
        IncarnationId = new Uuid(4, 4),
        EndPoints = [new() { Name = "PLAINTEXT", Host = "h", Port = 9092 }],
        Features = [new() { Name = "metadata.version", MinSupportedVersion = 7, MaxSupportedVersion = 30 }],
        LogDirs = [new Uuid(3, 1)],
    });

    public static MetadataRecord Unregister(int id, long epoch) =>
        new(UnregisterBrokerRecord.RecordType, 0, new UnregisterBrokerRecord { BrokerId = id, BrokerEpoch = epoch });

    public static MetadataRecord Change(int id, long epoch) =>
        new(BrokerRegistrationChangeRecord.RecordType, 0, new BrokerRegistrationChangeRecord
        {
            BrokerId = id, BrokerEpoch = epoch, Fenced = -1,
        });

    /// <summary>Each kind that is kept whole, one of them removed again.</summary>
    public static IEnumerable<MetadataRecord> Kept()
    {
        yield return Quota(remove: false, 10);
        yield return Quota(remove: false, 20);
        yield return Scram("u1");
        yield return Scram("u2");
        yield return new MetadataRecord(
            RemoveUserScramCredentialRecord.RecordType, 0, new RemoveUserScramCredentialRecord { Name = "u2", Mechanism = 1 });
        yield return new MetadataRecord(AccessControlEntryRecord.RecordType, 0, new AccessControlEntryRecord
        {
            Id = new Uuid(6, 6), ResourceType = 2, ResourceName = "a", PatternType = 3, Principal = "User:x", Host = "*", Operation = 3,
            PermissionType = 3,
        });
        yield return new MetadataRecord(DelegationTokenRecord.RecordType, 0, new DelegationTokenRecord
        {
            Owner = "User:x", Requester = "User:x", TokenId = "t", IssueTimestamp = 1, MaxTimestamp = 2, ExpirationTimestamp = 2,
        });
        yield return new MetadataRecord(ProducerIdsRecord.RecordType, 0, new ProducerIdsRecord
        {
            BrokerId = -1, BrokerEpoch = -1, NextProducerId = 1000,
        });
    }

    private static MetadataRecord Quota(bool remove, double value) => new(ClientQuotaRecord.RecordType, 0, new ClientQuotaRecord
    {
        Entity = [new() { EntityType = "user", EntityName = null }], Key = "producer_byte_rate", Value = value, Remove = remove,
    });

    private static MetadataRecord Scram(string user) => new(UserScramCredentialRecord.RecordType, 0, new UserScramCredentialRecord
    {
        Name = user, Mechanism = 1, Salt = [1], StoredKey = [2], ServerKey = [3], Iterations = 4096,
    });
}
