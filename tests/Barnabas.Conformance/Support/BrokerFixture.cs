namespace Barnabas.Conformance.Support;

/// <summary>One broker under test and Kafka's tools for the tests of a collection, which run one after the other.</summary>
public class BrokerFixture : IDisposable
{
    private readonly Lazy<BrokerProcess> broker = new(StartBroker);
    private readonly Lazy<KafkaTools> tools = new(() => new KafkaTools());
    private int names;

    /// <summary>The broker, started by the first test that asks.</summary>
    internal BrokerProcess Broker => broker.Value;

    /// <summary>Kafka's tools, started by the first test that asks.</summary>
    internal KafkaTools Tools => tools.Value;

    /// <summary>A name for a topic or group that no other test of this broker has.</summary>
    internal string NewName(string stem) => $"{stem}-{Interlocked.Increment(ref names)}";

    /// <summary>Runs a tool against this broker.</summary>
    internal string Tool(string name, params string[] arguments) => Tools.Run(name, ["--bootstrap-server", Broker.Bootstrap, .. arguments]);

    /// <summary>
    /// Runs a tool against this broker until it prints what the controller has decided already: brokers learn of it a little later.
    /// </summary>
    internal string ToolUntil(Func<string, bool> seen, string name, params string[] arguments)
    {
        for (var tries = 1; ; tries++)
        {
            var text = Tool(name, arguments);
            if (seen(text) || tries == 20)
            {
                return text;
            }
        }
    }

    /// <summary>Runs a tool against this broker with the given standard input.</summary>
    internal string ToolWithInput(string input, string name, params string[] arguments) =>
        Tools.RunWithInput(input, name, ["--bootstrap-server", Broker.Bootstrap, .. arguments]).Succeeded().Text;

    public void Dispose()
    {
        if (tools.IsValueCreated)
        {
            tools.Value.Dispose();
        }

        if (broker.IsValueCreated)
        {
            broker.Value.Dispose();
        }

        GC.SuppressFinalize(this);
    }

    private static BrokerProcess StartBroker() => BrokerProcess.Start();
}

/// <summary>Tests with foreign clients share one broker.</summary>
[CollectionDefinition(Name)]
public sealed class ClientsCollection : ICollectionFixture<BrokerFixture>
{
    public const string Name = "clients";
}

/// <summary>Tests with Kafka's tools share one broker and one virtual machine.</summary>
[CollectionDefinition(Name)]
public sealed class ToolsCollection : ICollectionFixture<BrokerFixture>
{
    public const string Name = "tools";
}
