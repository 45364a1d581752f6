using Barnabas.Broker.Config;
using Barnabas.Shared;

namespace Barnabas.Tests.Broker.Config;

public sealed class ConfigLoaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("barnabas-config-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Without_a_file_it_is_a_single_node_on_loopback()
    {
        var config = ConfigLoader.Load(new ConfigInputs());
        Assert.Equal(1, config.NodeId);
        Assert.Equal(["PLAINTEXT 127.0.0.1:9092", "CONTROLLER 127.0.0.1:9093"], config.Listeners.Select(l => $"{l.Name} {l.Bind}"));
        Assert.Equal([Path.GetFullPath("data")], config.LogDirs);
        Assert.Equal(config.LogDirs[0], config.MetadataLogDir);
        Assert.Equal((0, (short)1), (config.Groups.InitialRebalanceDelayMs, config.Groups.OffsetsTopicReplicationFactor));
        Assert.Equal(((short)1, 1), (config.Transactions.TopicReplicationFactor, config.Transactions.TopicMinInsyncReplicas));
        Assert.False(config.AllowPublic);
    }

    [Fact]
    public void The_stock_file_of_a_single_node_loads_unchanged()
    {
        var config = Load("""
            process.roles=broker,controller
            node.id=1
            controller.quorum.bootstrap.servers=localhost:9093
            listeners=PLAINTEXT://:9092,CONTROLLER://:9093
            inter.broker.listener.name=PLAINTEXT
            advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
            controller.listener.names=CONTROLLER
            listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
            num.network.threads=3
            num.io.threads=8
            socket.send.buffer.bytes=102400
            socket.receive.buffer.bytes=102400
            socket.request.max.bytes=104857600
            log.dirs=/tmp/kraft-combined-logs
            num.partitions=1
            num.recovery.threads.per.data.dir=1
            offsets.topic.replication.factor=1
            share.coordinator.state.topic.replication.factor=1
            share.coordinator.state.topic.min.isr=1
            transaction.state.log.replication.factor=1
            transaction.state.log.min.isr=1
            log.retention.hours=168
            log.segment.bytes=1073741824
            log.retention.check.interval.ms=300000
            """);
        var client = config.Listeners[0];
        Assert.Equal("127.0.0.1:9092", client.Bind.ToString());
        Assert.True(client.IsNarrowed);
        Assert.Equal("localhost:9092", client.Advertised.ToString());
        Assert.True(config.Listeners[1].IsController);
        Assert.Equal(3000, config.Groups.InitialRebalanceDelayMs);
    }

    [Fact]
    public void Flags_go_before_the_environment_which_goes_before_the_file_which_goes_before_defaults()
    {
        var file = Write("num.partitions=2\nlog.retention.ms=20\nmessage.max.bytes=200");
        var config = ConfigLoader.Load(new ConfigInputs
        {
            File = file,
            Environment = Pairs("KAFKA_LOG_RETENTION_MS=30", "KAFKA_MESSAGE_MAX_BYTES=300", "PATH=x", "KAFKA_HEAP_OPTS=-Xmx1G"),
            Flags = Pairs("message.max.bytes=400"),
        });
        var topics = config.TopicDefaults.Log;
        Assert.Equal((2, 30, 400), (config.Logs.Partitions, topics.RetentionMs, topics.MaxMessageBytes));
        Assert.Equal(8, config.Int("num.io.threads"));
        Assert.Equal("environment variable KAFKA_LOG_RETENTION_MS", config.Static["log.retention.ms"].Origin);
        Assert.Equal($"{file}, line 1", config.Static["num.partitions"].Origin);
    }

    [Theory]
    [InlineData("log.retension.ms=5", "line 1: unknown key 'log.retension.ms'; did you mean 'log.retention.ms'?")]
    [InlineData("# x\n\nretention.ms=5", "line 3: 'retention.ms' is a key of topics; the broker's default for it is log.retention.ms")]
    [InlineData("num.io.threads=0", "line 1: Invalid value 0 for configuration num.io.threads: Value must be at least 1")]
    [InlineData("zookeeper.connect=a", "line 1: Kafka 4 has no key 'zookeeper.connect' any more")]
    [InlineData("process.roles=broker", "line 1: process.roles is 'broker'")]
    [InlineData("process.roles=brokr", "Invalid value brokr for configuration process.roles")]
    [InlineData("controller.quorum.voters=1@a:1,2@b:1", "line 1: controller.quorum.voters names other nodes")]
    [InlineData("listeners=PLAINTEXT", "line 1: listeners: 'PLAINTEXT' is not NAME://host:port")]
    [InlineData("listeners=PLAINTEXT://127.0.0.1:1,PLAINTEXT://127.0.0.1:2", "names PLAINTEXT twice")]
    [InlineData("listeners=PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:1", "have the same address")]
    [InlineData("listeners=CONTROLLER://127.0.0.1:1", "has no listener for clients")]
    [InlineData("listeners=FOO://127.0.0.1:1", "listener FOO has no security protocol")]
    [InlineData("listeners=SSL://127.0.0.1:1", "listener SSL asks for SSL")]
    [InlineData("listeners=PLAINTEXT://0.0.0.0:1", "would be open to other machines without authentication; use a loopback address, or "
        + "--insecure-allow-public (barnabas.insecure.allow.public=true)")]
    [InlineData("advertised.listeners=PLAINTEXT://0.0.0.0:1", "no client can reach")]
    [InlineData("advertised.listeners=OTHER://a:1", "advertised.listeners names OTHER")]
    [InlineData("inter.broker.listener.name=OTHER", "inter.broker.listener.name names OTHER")]
    public void A_mistake_is_named_with_its_place(string text, string problem) =>
        Assert.Contains(problem, Assert.Throws<StartupException>(() => Load(text)).Message);

    [Fact]
    public void Every_mistake_is_named_at_once()
    {
        var message = Assert.Throws<StartupException>(() => Load("foo.bar=1\nnum.partitions=x\nnode.id=1")).Message;
        Assert.Equal(2, message.Split('\n').Length);
    }

    [Fact]
    public void A_mistake_in_the_environment_or_in_a_flag_is_named_too()
    {
        var fault = FaultOf(new ConfigInputs { Environment = Pairs("KAFKA_NUM_PARTITONS=1") });
        Assert.Contains(
            "environment variable KAFKA_NUM_PARTITONS: unknown key 'num.partitons'; did you mean 'num.partitions'?", fault.Message);
        fault = Assert.Throws<StartupException>(() => BrokerConfig.Of(Pairs("num.partitions=x")));
        Assert.StartsWith("--config: Invalid value x", fault.Message);
    }

    [Theory]
    [InlineData("KAFKA_HOME=/opt/kafka")]
    [InlineData("KAFKA_JVM_PERFORMANCE_OPTS=-server")]
    [InlineData("KAFKA_PORT=tcp://10.0.0.1:9092")]
    [InlineData("KAFKA_PORT_9092_TCP_ADDR=10.0.0.1")]
    [InlineData("KAFKA_SERVICE_HOST=10.0.0.1")]
    public void Variables_that_are_no_keys_are_passed_over(string variable) =>
        Assert.Equal(1, ConfigLoader.Load(new ConfigInputs { Environment = Pairs(variable) }).NodeId);

    [Fact]
    public void Underscores_in_variables_stand_for_dots_underscores_and_hyphens()
    {
        var fault = FaultOf(new ConfigInputs { Environment = Pairs("KAFKA_A_B__C___D=1") });
        Assert.Contains("'a.b_c-d'", fault.Message);
    }

    [Fact]
    public void Keys_of_listeners_and_plug_ins_are_known_by_their_prefix()
    {
        var config = Load("""
            listener.name.client.ssl.keystore.location=/a
            listener.name.client.scram-sha-256.sasl.jaas.config=b
            rlmm.config.x=1
            super.users=User:a
            """);
        Assert.Equal("/a", config.Static["listener.name.client.ssl.keystore.location"].Value);
        Assert.Throws<StartupException>(() => Load("listener.name.client.no.such.key=1"));
    }

    [Theory]
    [InlineData("127.0.0.1:20100", "127.0.0.1:20100", "127.0.0.1:20101")]
    [InlineData("localhost:0", "127.0.0.1:0", "127.0.0.1:0")]
    [InlineData("[::1]:5", "[::1]:5", "127.0.0.1:6")]
    public void Listen_sets_both_endpoints(string listen, string client, string controller)
    {
        var config = ConfigLoader.Load(new ConfigInputs { Listen = listen });
        Assert.Equal([client, controller], config.Listeners.Select(listener => listener.Bind.ToString()));
    }

    [Theory]
    [InlineData("9092")]
    [InlineData("a:b")]
    [InlineData("127.0.0.1:70000")]
    [InlineData("::1:9092")]
    public void Listen_needs_a_host_and_a_port(string listen) =>
        Assert.Contains("expected HOST:PORT", FaultOf(new ConfigInputs { Listen = listen }).Message);

    [Fact]
    [ConfigKey("barnabas.insecure.allow.public")]
    public void Public_listeners_need_permission()
    {
        Assert.Throws<StartupException>(() => ConfigLoader.Load(new ConfigInputs { Listen = "0.0.0.0:9092" }));
        var config = ConfigLoader.Load(new ConfigInputs { Listen = "0.0.0.0:9092", AllowPublic = true });
        Assert.Equal("0.0.0.0:9092", config.Listeners[0].Bind.ToString());
        Assert.Equal(System.Net.Dns.GetHostName(), config.Listeners[0].Advertised.Host);
        var open = Load("listeners=PLAINTEXT://:9092\nbarnabas.insecure.allow.public=true");
        Assert.Equal("0.0.0.0:9092", open.Listeners[0].Bind.ToString());
        Assert.False(open.Listeners[0].IsNarrowed);
    }

    [Fact]
    public void Data_goes_before_log_dirs()
    {
        var config = ConfigLoader.Load(new ConfigInputs { File = Write("log.dirs=/a,/b"), Data = Path.Combine(_folder, "d") });
        Assert.Equal([Path.Combine(_folder, "d")], config.LogDirs);
    }

    [Fact]
    public void A_missing_file_is_one_sentence() =>
        Assert.Contains("is not there", FaultOf(new ConfigInputs { File = "no-such.properties" }).Message);

    [Fact]
    [ConfigKey("broker.id")]
    public void Broker_id_and_node_id_stand_for_each_other()
    {
        Assert.Equal(7, Load("broker.id=7").NodeId);
        Assert.Equal("7", Load("node.id=7").Text("broker.id"));
    }

    private static StartupException FaultOf(ConfigInputs inputs) => Assert.Throws<StartupException>(() => ConfigLoader.Load(inputs));

    private static IEnumerable<KeyValuePair<string, string>> Pairs(params string[] pairs) =>
        pairs.Select(pair => pair.Split('=', 2)).Select(parts => new KeyValuePair<string, string>(parts[0], parts[1]));

    private string Write(string text)
    {
        var file = Path.Combine(_folder, "server.properties");
        File.WriteAllText(file, text);
        return file;
    }

    private BrokerConfig Load(string text) => ConfigLoader.Load(new ConfigInputs { File = Write(text) });
}
