using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Tools;

[Collection(ToolsCollection.Name)]
public sealed class GroupToolTests(BrokerFixture fixture)
{
    [BrokerFact(Need.Peer, Apis = [Api.JoinGroup, Api.ListGroups, Api.DeleteGroups, Api.OffsetDelete])]
    public void Groups_are_listed_described_reset_and_deleted()
    {
        var topic = fixture.NewName("group-topic");
        var group = fixture.NewName("group");
        fixture.Tool("topics", "--create", "--topic", topic);
        fixture.ToolWithInput("one\ntwo\nthree\n", "console-producer", "--topic", topic);
        fixture.Tool("console-consumer", "--topic", topic, "--group", group, "--from-beginning", "--max-messages", "3");

        Assert.Contains(group, fixture.Tool("consumer-groups", "--list"));
        Assert.Matches($@"{group}\s+Classic\s+Empty", fixture.Tool("consumer-groups", "--list", "--state", "--type"));
        Assert.Matches($@"{group}\s+Classic\s+consumer", fixture.Tool("groups", "--list"));
        Assert.Matches($@"{group}\s+{topic}\s+0\s+3\s+3\s+0\s", Describe(group));
        Assert.Matches($@"{group}\s+127.0.0.1:\d+ +\(1\)\s+(-\s+)?Empty\s+0", Describe(group, "--state"));

        Assert.Matches($@"{group}\s+{topic}\s+0\s+1\b", Reset(group, topic, "--to-offset", "1", "--dry-run"));
        Assert.Matches($@"{group}\s+{topic}\s+0\s+3\s+3\s+0\s", Describe(group));
        Reset(group, topic, "--to-offset", "1", "--execute");
        Assert.Matches($@"{group}\s+{topic}\s+0\s+1\s+3\s+2\s", Describe(group));
        Reset(group, topic, "--shift-by", "1", "--execute");
        Assert.Matches($@"{group}\s+{topic}\s+0\s+2\s+3\s+1\s", Describe(group));
        Reset(group, topic, "--to-earliest", "--execute");
        Assert.Equal("one\ntwo\nthree\n", fixture.Tool("console-consumer", "--topic", topic, "--group", group, "--max-messages", "3"));

        fixture.Tool("consumer-groups", "--delete-offsets", "--group", group, "--topic", topic);
        Assert.DoesNotMatch($@"{group}\s+{topic}\s+0", Describe(group));
        Assert.Contains("was successful", fixture.Tool("consumer-groups", "--delete", "--group", group));
        Assert.DoesNotContain($"{group}\n", fixture.Tool("consumer-groups", "--list"));
    }

    private string Describe(string group, params string[] more) =>
        fixture.Tool("consumer-groups", ["--describe", "--group", group, .. more]);

    private string Reset(string group, string topic, params string[] more) =>
        fixture.Tool("consumer-groups", ["--reset-offsets", "--group", group, "--topic", topic, .. more]);
}
