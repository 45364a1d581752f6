using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;
using Xunit;

namespace Barnabas.Tests.Cluster.Metadata;

public sealed class ImageTests
{
    private static readonly Uuid TopicId = new(7, 8);
    private readonly MetadataPublisher _publisher = new();
    private readonly ImageHistory _history;
    private long _offset;

    public ImageTests()
    {
        _history = new ImageHistory(_publisher);
        _history.Reset();
        _history.Loaded();
    }

    [Fact]
    public void Only_what_is_committed_is_published()
    {
        Batch(Feature("metadata.version", 30));
        Batch(Topic("a", TopicId), Partition(TopicId, 0));
        Assert.NotNull(_history.Latest.Topics.Find("a"));
        _history.Commit(1);
        Assert.Equal(0, _publisher.Image.Topics.Count);
        Assert.Equal(30, _publisher.Image.Features.MetadataVersion.Level);
        _history.Commit(2);
        Assert.Equal(0, _publisher.Image.Topics.Count);
        _history.Commit(3);
        Assert.Equal(1, _publisher.Image.Topics.PartitionCount);
        Assert.Equal(3, _publisher.Image.EndOffset);
    }

    [Fact]
    public void A_delta_names_what_changed_and_leaves_the_rest_the_same_object()
    {
        Batch(Topic("a", TopicId), Partition(TopicId, 0), Partition(TopicId, 1));
        Batch(Topic("b", new Uuid(1, 1)), Partition(new Uuid(1, 1), 0));
        _history.Commit(_offset);
        var told = new Told();
        _publisher.Subscribe(told);
        Assert.Equal(2, told.Deltas[0].ChangedTopics.Count);

        Batch(Change(TopicId, 1, change => change.Isr = [1]));
        Batch(Config(ConfigKind.Topic, "b", "retention.ms", "5"));
        _history.Commit(_offset);
        var delta = told.Deltas[1];
        Assert.Equal([TopicId], delta.ChangedTopics);
        Assert.Equal([new ConfigResource(ConfigKind.Topic, "b")], delta.ChangedConfigs);
        Assert.False(delta.BrokersChanged);
        var (before, after) = (delta.Before.Topics.Find(TopicId)!, delta.After.Topics.Find(TopicId)!);
        Assert.Same(before.Find(0), after.Find(0));
        Assert.NotSame(before.Find(1), after.Find(1));
    }

    [Fact]
    public void A_change_counts_epochs_as_its_tags_say()
    {
        Batch(Topic("a", TopicId), Partition(TopicId, 0));
        Batch(Change(TopicId, 0, change => change.Isr = [1]));
        var shrunk = _history.Latest.Topics.Find(TopicId)!.Partitions[0];
        Assert.Equal((0, 1), (shrunk.LeaderEpoch, shrunk.PartitionEpoch));
        Assert.Equal<int>([1], shrunk.Isr);
        Assert.Equal<int>([1, 2], shrunk.Replicas);

        Batch(Change(TopicId, 0, change =>
        {
            change.Leader = 1;
            change.LeaderRecoveryState = 1;
        }));
        var elected = _history.Latest.Topics.Find(TopicId)!.Partitions[0];
        Assert.Equal((1, 2), (elected.LeaderEpoch, elected.PartitionEpoch));
        Assert.True(elected.IsRecovering);
        Batch(Change(TopicId, 0, change => change.Leader = PartitionImage.NoLeader));
        Assert.Equal((PartitionImage.NoLeader, 2), (Latest(0).Leader, Latest(0).LeaderEpoch));
    }

    [Fact]
    public void A_transaction_is_seen_whole_or_not_at_all()
    {
        Batch(Topic("a", TopicId));
        Batch(Begin());
        Batch(Partition(TopicId, 0));
        _history.Commit(_offset);
        Assert.Equal(0, _publisher.Image.Topics.PartitionCount);
        Batch(Partition(TopicId, 1), new MetadataRecord(EndTransactionRecord.RecordType, 0, new EndTransactionRecord()));
        _history.Commit(_offset);
        Assert.Equal(2, _publisher.Image.Topics.PartitionCount);

        Batch(Begin(), Topic("gone", new Uuid(5, 5)));
        Batch(Change(TopicId, 0, change => change.Leader = 2));
        Batch(new MetadataRecord(AbortTransactionRecord.RecordType, 0, new AbortTransactionRecord()));
        _history.Commit(_offset);
        Assert.Null(_publisher.Image.Topics.Find("gone"));
        Assert.Equal(0, Latest(0).LeaderEpoch);
        Assert.False(_history.IsInTransaction);
    }

    [Fact]
    public void Removing_a_topic_removes_its_configuration_and_its_name_is_free()
    {
        Batch(Topic("a", TopicId), Config(ConfigKind.Topic, "a", "cleanup.policy", "compact"), Partition(TopicId, 0));
        Batch(
            new MetadataRecord(RemoveTopicRecord.RecordType, 0, new RemoveTopicRecord { TopicId = TopicId }),
            Topic("a", new Uuid(9, 9)),
            Partition(new Uuid(9, 9), 0));
        var image = _history.Latest;
        Assert.Equal(new Uuid(9, 9), image.Topics.Find("a")!.Id);
        Assert.Null(image.Topics.Find(TopicId));
        Assert.Equal(1, image.Topics.PartitionCount);
        Assert.Empty(image.Configs.All);
    }

    [Fact]
    public void The_records_of_an_image_make_the_same_image()
    {
        foreach (var record in Everything())
        {
            Batch(record);
        }

        var records = ImageRecords.Of(_history.Latest).ToList();
        var bytes = records.ConvertAll(Bytes);
        var again = new ImageHistory(new MetadataPublisher());
        again.Reset();
        for (var i = 0; i < bytes.Count; i++)
        {
            again.Apply(MetadataRecord.Read(bytes[i]), i);
        }

        Assert.Equal(bytes, ImageRecords.Of(again.Latest).Select(Bytes));
        Assert.Equal(MetadataVersion.FeatureName, Assert.IsType<FeatureLevelRecord>(records[0].Message).Name);
        Assert.Equal(14, records.Count);
    }

    [Theory]
    [InlineData(new byte[] { 1, 29, 0, 0 }, "type 29")]
    [InlineData(new byte[] { 1, 2, 1, 0 }, "TopicRecord of version 1")]
    [InlineData(new byte[] { 2, 2, 0, 0 }, "frame version 2")]
    public void A_record_of_the_future_is_refused_by_name(byte[] value, string names)
    {
        var error = Assert.Throws<MalformedException>(() => MetadataRecord.Read(value));
        Assert.Contains(names, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_metadata_version_of_the_future_is_refused_and_other_levels_are_kept()
    {
        Assert.Throws<MalformedException>(() => Batch(Feature("metadata.version", 31)));
        Batch(Feature("group.version", 9));
        Assert.Equal(9, _history.Latest.Features.LevelOf("group.version"));
        Batch(Feature("group.version", 0));
        Assert.Empty(_history.Latest.Features.All);
    }

    [Fact]
    public void A_change_of_what_is_not_there_is_a_fault()
    {
        Assert.Throws<MalformedException>(() => Batch(Change(TopicId, 0, _ => { })));
        Batch(Topic("a", TopicId), Partition(TopicId, 0));
        Assert.Throws<MalformedException>(() => Batch(Change(TopicId, 1, _ => { })));
        Assert.Throws<MalformedException>(() => Batch(Partition(TopicId, 2)));
        Assert.Throws<MalformedException>(() => Batch(Records.Unregister(1, 1)));
    }

    private static MetadataRecord[] Everything() =>
    [
        Feature("metadata.version", 30), Feature("group.version", 1), Records.Register(1, 5), Records.Change(1, 5),
        Topic("a", TopicId), Partition(TopicId, 0), Partition(TopicId, 1),
        Change(TopicId, 1, change => change.EligibleLeaderReplicas = [2]),
        Config(ConfigKind.Topic, "a", "x", "1"), Config(ConfigKind.Topic, "a", "y", ""), Config(ConfigKind.Broker, "", "z", "2"),
        .. Records.Kept(),
    ];

    private static byte[] Bytes(MetadataRecord record)
    {
        using var writer = new ByteWriter();
        record.Write(writer);
        return writer.Written.ToArray();
    }

    private static MetadataRecord Begin() => new(BeginTransactionRecord.RecordType, 0, new BeginTransactionRecord { Name = "t" });

    private static MetadataRecord Feature(string name, short level) => ImageRecords.Level(name, level);

    private static MetadataRecord Topic(string name, Uuid id) => Records.Topic(name, id);

    private static MetadataRecord Partition(Uuid id, int partition) => Records.Partition(id, partition);

    private static MetadataRecord Change(Uuid id, int partition, Action<PartitionChangeRecord> change) =>
        Records.Change(id, partition, change);

    private static MetadataRecord Config(ConfigKind kind, string name, string key, string? value) => Records.Config(kind, name, key, value);

    private PartitionImage Latest(int partition) => _history.Latest.Topics.Find(TopicId)!.Partitions[partition];

    private void Batch(params MetadataRecord[] records)
    {
        _history.BeginBatch(1, 1000);
        foreach (var record in records)
        {
            _history.Apply(record, _offset++);
        }
    }

    private sealed class Told : IMetadataSubscriber
    {
        public List<MetadataDelta> Deltas { get; } = [];

        public void OnMetadata(MetadataDelta delta) => Deltas.Add(delta);
    }
}
