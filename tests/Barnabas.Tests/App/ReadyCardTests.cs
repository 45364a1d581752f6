using Barnabas.App;
using Barnabas.Broker.Config;

namespace Barnabas.Tests.App;

public sealed class ReadyCardTests
{
    [Fact]
    public void The_card_says_where_to_connect_where_the_data_is_and_what_an_acknowledgement_means()
    {
        var config = ConfigLoader.Load(new ConfigInputs { Data = "/d" });
        var card = ReadyCard.Text(config, [new HostAndPort("127.0.0.1", 9092)], 98);
        Assert.Equal($"""
            Barnabas {ProgramVersion.Text}
              node        1
              clients     127.0.0.1:9092
              data        /d
              durability  page cache: acknowledged when written
              ready in    98 ms

            """, card);
    }

    [Fact]
    public void The_card_says_that_a_listener_was_narrowed_or_is_public()
    {
        var narrowed = BrokerConfig.Of(new KeyValuePair<string, string>("listeners", "PLAINTEXT://:9092"));
        Assert.Contains("open to this machine only; --insecure-allow-public", ReadyCard.Text(narrowed, [], 1));
        var open = ConfigLoader.Load(new ConfigInputs { AllowPublic = true });
        Assert.Contains("without authentication", ReadyCard.Text(open, [], 1));
    }

    [Fact]
    public void The_card_says_when_acknowledgements_wait_for_the_disk()
    {
        var config = BrokerConfig.Of(new KeyValuePair<string, string>("barnabas.flush.on.ack", "true"));
        Assert.Contains("disk: acknowledged when flushed", ReadyCard.Text(config, [], 1));
    }
}
