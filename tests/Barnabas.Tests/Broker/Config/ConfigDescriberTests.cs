using Barnabas.Broker.Config;

namespace Barnabas.Tests.Broker.Config;

public sealed class ConfigDescriberTests
{
    private static readonly KeyValuePair<string, string>[] None = [];

    [Fact]
    public void A_broker_lists_all_public_keys_of_Kafka()
    {
        var entries = ConfigDescriber.Broker(BrokerConfig.Of());
        Assert.Equal(340, entries.Count);
        Assert.DoesNotContain(entries, entry => entry.Key!.IsInternal || entry.Key.IsOwn);
    }

    [Fact]
    public void Synonyms_are_named_from_the_nearest_to_the_default()
    {
        var config = BrokerConfig.Of(Pair("log.retention.bytes", "10"))
            .WithDynamic([Pair("log.retention.bytes", "20")], [Pair("log.retention.bytes", "30")]);
        var entry = Assert.Single(ConfigDescriber.Broker(config, ["log.retention.bytes"]));
        Assert.Equal(("30", ConfigSource.DynamicBroker, false), (entry.Value, entry.Source, entry.IsReadOnly));
        Assert.Equal(
            ["30 DynamicBroker", "20 DynamicDefaultBroker", "10 StaticBroker", "-1 Default"],
            entry.Synonyms.Select(synonym => $"{synonym.Value} {synonym.Source}"));
        var forAll = Assert.Single(ConfigDescriber.AllBrokers(config));
        Assert.Equal(("20", ConfigSource.DynamicDefaultBroker), (forAll.Value, forAll.Source));
    }

    [Fact]
    public void A_topic_shows_its_own_value_and_the_broker_keys_behind_it()
    {
        var config = BrokerConfig.Of(Pair("log.retention.hours", "48"), Pair("log.cleanup.policy", "compact"));
        var entries = ConfigDescriber.Topic(config, config.Topic([Pair("retention.ms", "1000"), Pair("cleanup.policy", "compact,delete")]));
        Assert.Equal(33, entries.Count);
        var retention = entries.Single(entry => entry.Name == "retention.ms");
        Assert.Equal(("1000", ConfigSource.DynamicTopic), (retention.Value, retention.Source));
        Assert.Equal([new ConfigSynonym("retention.ms", "1000", ConfigSource.DynamicTopic)], retention.Synonyms);
        var policy = entries.Single(entry => entry.Name == "cleanup.policy");
        Assert.Equal(
            ["cleanup.policy=compact,delete", "log.cleanup.policy=compact", "log.cleanup.policy=delete"],
            policy.Synonyms.Select(synonym => $"{synonym.Name}={synonym.Value}"));

        var plain = ConfigDescriber.Topic(
            config, config.Topic(None), ["retention.ms", "flush.ms", "leader.replication.throttled.replicas"]);
        Assert.Equal(["9223372036854775807 Default 0", " Default 0", "172800000 Default 0"],
            plain.Select(entry => $"{entry.Value} {entry.Source} {entry.Synonyms.Count}"));
    }

    [Fact]
    public void A_group_shows_the_broker_key_or_its_own_default()
    {
        var entries = ConfigDescriber.Group(
            BrokerConfig.Of(), new Dictionary<string, string> { ["consumer.session.timeout.ms"] = "50000" });
        Assert.Equal(17, entries.Count);
        var session = entries.Single(entry => entry.Name == "consumer.session.timeout.ms");
        Assert.Equal(["50000 Group", "45000 Default"], session.Synonyms.Select(synonym => $"{synonym.Value} {synonym.Source}"));
        var reset = entries.Single(entry => entry.Name == "share.auto.offset.reset");
        Assert.Equal([new ConfigSynonym("share.auto.offset.reset", "latest", ConfigSource.Default)], reset.Synonyms);
    }

    [Fact]
    public void Passwords_and_unknown_keys_are_hidden()
    {
        var config = BrokerConfig.Of(Pair("ssl.key.password", "secret"), Pair("super.users", "User:a"));
        Assert.All(
            ConfigDescriber.Broker(config, ["ssl.key.password", "super.users"]),
            entry => Assert.True(entry.IsSensitive && entry.Value is null));
    }

    [Fact]
    public void Own_keys_are_shown_when_set_or_asked_for()
    {
        Assert.Single(ConfigDescriber.Broker(BrokerConfig.Of(), ["barnabas.flush.on.ack"]));
        Assert.Equal(341, ConfigDescriber.Broker(BrokerConfig.Of(Pair("barnabas.flush.on.ack", "true"))).Count);
    }

    [Fact]
    public void Values_set_at_run_time_are_in_force_where_they_may_be()
    {
        var config = BrokerConfig.Of(Pair("log.segment.bytes", "2000000"));
        var changed = config.WithDynamic(
            [Pair("log.segment.bytes", "3000000"), Pair("num.partitions", "9")], [Pair("log.retention.ms", "nonsense")]);
        Assert.Equal(
            (3000000, 1, 604800000L),
            (changed.TopicDefaults.Log.SegmentBytes, changed.Logs.Partitions, changed.TopicDefaults.Log.RetentionMs));
        Assert.Same(config.Listeners, changed.Listeners);
        Assert.Equal(2000000, config.TopicDefaults.Log.SegmentBytes);
    }

    private static KeyValuePair<string, string> Pair(string key, string value) => new(key, value);
}
