using Barnabas.Broker.Config;

namespace Barnabas.Tests.Broker.Config;

public sealed class ConfigRulesTests
{
    // Texts as Kafka 4.3.1 answers them.
    [Theory]
    [InlineData("retention.ms", "abc", "Invalid value abc for configuration retention.ms: Not a number of type LONG")]
    [InlineData("retention.ms", "-5", "Invalid value -5 for configuration retention.ms: Value must be at least -1")]
    [InlineData("retention.ms", " 5 ", null)]
    [InlineData("segment.bytes", "99999999999", "Invalid value 99999999999 for configuration segment.bytes: Not a number of type INT")]
    [InlineData("cleanup.policy", "compact,foo",
        "Invalid value foo for configuration cleanup.policy: String must be one of: compact, delete")]
    [InlineData("cleanup.policy", "", null)]
    [InlineData("preallocate", "x", "Invalid value x for configuration preallocate: Expected value to be either true or false")]
    [InlineData("preallocate", "TRUE", null)]
    [InlineData("compression.type", "foo",
        "Invalid value foo for configuration compression.type: String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer")]
    [InlineData("compression.gzip.level", "0",
        "Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1")]
    [InlineData("compression.gzip.level", "-1", null)]
    [InlineData("compression.zstd.level", "23", "Invalid value 23 for configuration compression.zstd.level: Value must be no more than 22")]
    [InlineData("min.cleanable.dirty.ratio", "1.5",
        "Invalid value 1.5 for configuration min.cleanable.dirty.ratio: Value must be no more than 1")]
    [InlineData("min.cleanable.dirty.ratio", "x",
        "Invalid value x for configuration min.cleanable.dirty.ratio: Not a number of type DOUBLE")]
    [InlineData("leader.replication.throttled.replicas", "x",
        "Invalid value [x] for configuration leader.replication.throttled.replicas: leader.replication.throttled.replicas must be the "
        + "literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...")]
    [InlineData("leader.replication.throttled.replicas", "1:1,0:2", null)]
    [InlineData("leader.replication.throttled.replicas", "*", null)]
    public void A_topic_value_is_judged_as_Kafka_judges_it(string name, string value, string? problem) =>
        Assert.Equal(problem, ConfigRules.Problem(ConfigTable.Topic.Find(name)!, value));

    [Theory]
    [InlineData("latest", true)]
    [InlineData("by_duration:P1DT2H3M4.5S", true)]
    [InlineData("by_duration:PT30M", true)]
    [InlineData("by_duration:P1H", false)]
    [InlineData("by_duration:PT", false)]
    [InlineData("by_duration:PT1M2H", false)]
    [InlineData("by_duration:PT1.5H", false)]
    [InlineData("never", false)]
    public void A_share_group_begins_at_a_point_in_time(string value, bool isValid) =>
        Assert.Equal(isValid, ConfigRules.Problem(ConfigTable.Group.Find("share.auto.offset.reset")!, value) is null);

    [Fact]
    public void Names_in_any_case_are_taken_where_the_table_says_so()
    {
        var key = ConfigTable.Broker.Find("group.consumer.migration.policy")!;
        Assert.Null(ConfigRules.Problem(key, "Upgrade"));
        Assert.Contains("(case insensitive): DISABLED", ConfigRules.Problem(key, "x"));
    }

    [Theory]
    [InlineData("log.dirs", " /a , /b", "/a,/b")]
    [InlineData("num.partitions", " 3 ", "3")]
    [InlineData("auto.create.topics.enable", "TRUE", "true")]
    public void A_value_is_shown_in_its_normal_form(string name, string value, string shown) =>
        Assert.Equal(shown, ConfigRules.Normal(ConfigTable.Broker.Find(name)!, value));

    [Fact]
    public void The_nearest_name_is_found_and_nothing_is_made_up()
    {
        string[] known = ["log.retention.ms", "log.retention.bytes", "num.partitions"];
        Assert.Equal("log.retention.ms", NearestName.Find("log.retension.ms", known));
        Assert.Equal("num.partitions", NearestName.Find("num.partitoins", known));
        Assert.Null(NearestName.Find("something.else.entirely", known));
    }
}
