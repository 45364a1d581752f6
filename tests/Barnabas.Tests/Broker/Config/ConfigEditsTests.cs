using Barnabas.Base;
using Barnabas.Broker.Config;
using Barnabas.Cluster.Controller;

namespace Barnabas.Tests.Broker.Config;

/// <summary>Codes and texts are those of Kafka 4.3.1 for the same requests.</summary>
public sealed class ConfigEditsTests
{
    private static readonly KeyValuePair<string, string>[] None = [];
    private static readonly BrokerConfig Config = BrokerConfig.Of();

    [Theory]
    [InlineData("foo", "1", ErrorCode.InvalidConfig, "Unknown topic config name: foo")]
    [InlineData("barnabas.x", "1", ErrorCode.InvalidConfig, "Unknown topic config name: barnabas.x")]
    [InlineData("segment.bytes", "100", ErrorCode.InvalidConfig,
        "Invalid value 100 for configuration segment.bytes: Value must be at least 1048576")]
    [InlineData("internal.segment.bytes", "5", ErrorCode.None, null)]
    [InlineData("retention.ms", null, ErrorCode.InvalidRequest, "Null value not supported for : retention.ms")]
    [InlineData("remote.storage.enable", "true", ErrorCode.InvalidConfig,
        "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.")]
    public void A_topic_refuses_what_Kafka_refuses(string name, string? value, ErrorCode code, string? message)
    {
        var result = ConfigEdits.Topic(Config, None, [new ConfigChange(name, ConfigChangeKind.Set, value)]);
        Assert.Equal((code, message), (result.Error, result.Message));
    }

    [Theory]
    [InlineData("num.io.threads", "0", "Invalid value 0 for configuration num.io.threads: Value must be at least 1")]
    [InlineData("node.id", "5", "Cannot update these configs dynamically: [node.id]")]
    [InlineData("ssl.keystore.type", "JKS",
        "These security configs can be dynamically updated only per-listener using the listener prefix: [ssl.keystore.type]")]
    [InlineData("log.retention.ms", "0", "requirement failed: log.retention.ms must be unlimited (-1) or, greater than or equal to 1")]
    [InlineData("num.io.threads", "1000",
        "Invalid value org.apache.kafka.common.config.ConfigException: Dynamic thread count update validation failed for "
        + "num.io.threads=1000, value should not be greater than double the current value 8 for configuration Invalid dynamic "
        + "configuration")]
    [InlineData("num.io.threads", "9", null)]
    [InlineData("foo", "1", null)]
    public void A_broker_refuses_what_Kafka_refuses(string name, string value, string? message)
    {
        var result = ConfigEdits.Broker(Config, isForAll: false, None, [new ConfigChange(name, ConfigChangeKind.Set, value)]);
        Assert.Equal((message is null ? ErrorCode.None : ErrorCode.InvalidRequest, message), (result.Error, result.Message));
    }

    [Theory]
    [InlineData("consumer.session.timeout.ms", "1",
        "consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms")]
    [InlineData("consumer.heartbeat.interval.ms", "15001",
        "consumer.heartbeat.interval.ms must be less than or equal to group.consumer.max.heartbeat.interval.ms")]
    [InlineData("foo", "1", "Unknown group config name: foo")]
    [InlineData("consumer.session.timeout.ms", "50000", null)]
    public void A_group_stays_within_the_bounds_of_the_broker(string name, string value, string? message)
    {
        var result = ConfigEdits.Group(Config, None, [new ConfigChange(name, ConfigChangeKind.Set, value)]);
        Assert.Equal((message is null ? ErrorCode.None : ErrorCode.InvalidConfig, message), (result.Error, result.Message));
    }

    [Theory]
    [InlineData("interval.ms", "1", ErrorCode.InvalidRequest)]
    [InlineData("interval.ms", "x", ErrorCode.InvalidConfig)]
    [InlineData("foo", "1", ErrorCode.InvalidRequest)]
    [InlineData("match", "x", ErrorCode.InvalidConfig)]
    [InlineData("metrics", "x", ErrorCode.None)]
    public void A_subscription_refuses_what_Kafka_refuses(string name, string value, ErrorCode code) =>
        Assert.Equal(code, ConfigEdits.ClientMetrics(None, [new ConfigChange(name, ConfigChangeKind.Set, value)]).Error);

    [Fact]
    public void Lists_are_appended_to_and_taken_from_what_is_in_force()
    {
        Assert.Equal("delete,compact", Topic(None, "cleanup.policy", ConfigChangeKind.Append, "compact").Values!["cleanup.policy"]);
        Assert.Equal("delete", Topic(None, "cleanup.policy", ConfigChangeKind.Append, "delete").Values!["cleanup.policy"]);
        Assert.Equal("", Topic(None, "cleanup.policy", ConfigChangeKind.Subtract, "delete").Values!["cleanup.policy"]);
        var refused = Topic(None, "retention.ms", ConfigChangeKind.Append, "1");
        Assert.Equal(
            (ErrorCode.InvalidConfig, "Can't APPEND to key retention.ms because its type is not LIST."), (refused.Error, refused.Message));
    }

    [Fact]
    public void A_deletion_removes_and_never_fails()
    {
        var current = new Dictionary<string, string> { ["retention.ms"] = "5" };
        Assert.Empty(Topic(current, "retention.ms", ConfigChangeKind.Delete, null).Values!);
        Assert.Single(Topic(current, "foo", ConfigChangeKind.Delete, null).Values!);
    }

    [Fact]
    public void Unknown_operations_and_keys_that_come_twice_are_refused()
    {
        Assert.Equal(ErrorCode.UnknownServerError, Topic(None, "retention.ms", (ConfigChangeKind)9, "1").Error);
        var edit = new ConfigChange("retention.ms", ConfigChangeKind.Set, "1");
        Assert.Equal(ErrorCode.InvalidRequest, ConfigEdits.Topic(Config, None, [edit, edit]).Error);
    }

    [Fact]
    public void Values_that_contradict_each_other_are_refused()
    {
        var result = ConfigEdits.Topic(Config, None,
        [
            new ConfigChange("min.compaction.lag.ms", ConfigChangeKind.Set, "5"),
            new ConfigChange("max.compaction.lag.ms", ConfigChangeKind.Set, "4"),
        ]);
        Assert.Equal(ErrorCode.InvalidConfig, result.Error);
    }

    private static ConfigOutcome Topic(
        IEnumerable<KeyValuePair<string, string>> current, string name, ConfigChangeKind operation, string? value) =>
        ConfigEdits.Topic(Config, current, [new ConfigChange(name, operation, value)]);
}
