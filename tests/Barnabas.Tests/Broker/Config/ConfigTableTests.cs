using Barnabas.Broker.Config;

namespace Barnabas.Tests.Broker.Config;

public sealed class ConfigTableTests
{
    public static TheoryData<ConfigTable> Tables => [ConfigTable.Broker, ConfigTable.Topic, ConfigTable.Group, ConfigTable.ClientMetrics];

    [Fact]
    public void The_tables_have_the_keys_of_Kafka_4_3_and_our_own()
    {
        Assert.Equal(363, ConfigTable.Broker.Keys.Count(key => !key.IsOwn));
        Assert.Equal(340, ConfigTable.Broker.Keys.Count(key => !key.IsOwn && !key.IsInternal && !key.IsListedWhenSet));
        Assert.Equal(65, ConfigTable.Broker.Keys.Count(key => !key.IsOwn && key.Update == ConfigUpdate.ClusterWide));
        Assert.Equal(37, ConfigTable.Broker.Keys.Count(key => key.Update == ConfigUpdate.PerBroker));
        Assert.Equal(34, ConfigTable.Topic.Keys.Count(key => !key.IsOwn));
        Assert.Equal(17, ConfigTable.Group.Keys.Count);
        Assert.Equal(3, ConfigTable.ClientMetrics.Keys.Count);
    }

    [Theory]
    [MemberData(nameof(Tables))]
    public void Every_default_is_valid_and_every_key_is_described(ConfigTable table)
    {
        foreach (var key in table.Keys)
        {
            Assert.Null(key.Default is null ? null : ConfigRules.Problem(key, key.Default));
            Assert.EndsWith(".", key.Doc);
            Assert.True(key.Synonym is null || ConfigTable.Broker.Find(key.Synonym) is not null, key.Name);
        }
    }

    [Fact]
    public void A_row_says_everything_about_its_key()
    {
        var key = ConfigTable.Broker.Find("log.segment.bytes")!;
        Assert.Equal((ConfigType.Int, "1073741824", ConfigUpdate.ClusterWide, "[1048576,...]", null),
            (key.Type, key.Default, key.Update, key.Valid, key.Synonym));
        Assert.Equal("log.segment.bytes", ConfigTable.Topic.Find("segment.bytes")!.Synonym);
        var internalKey = ConfigTable.Broker.Find("unstable.api.versions.enable")!;
        Assert.Equal((true, ConfigUpdate.ReadOnly), (internalKey.IsInternal, internalKey.Update));
        Assert.Null(ConfigTable.Broker.Find("log.dirs")!.Default);
        Assert.Equal("", ConfigTable.Broker.Find("authorizer.class.name")!.Default);
        Assert.StartsWith("org.apache.", ConfigTable.Broker.Find("remote.log.metadata.manager.class.name")!.Default);
    }
}
