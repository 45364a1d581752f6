using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Histories;

/// <summary>The clients that write histories (clients/java/history), compiled once. Owned by the tests of one class.</summary>
public sealed class HistoryClients : IDisposable
{
    private readonly TemporaryFolder _classes = new();

    /// <summary>Compiles them, without the compiler's own program, which a Java to run programs with may not bring along.</summary>
    public HistoryClients()
    {
        if (Needs.Missing([Need.Peer]) is null)
        {
            var library = Directory.GetFiles(Path.Combine(KafkaTools.Home, "libs"), "kafka-clients-*.jar").Single();
            Command.Run("java", ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-m", "jdk.compiler/com.sun.tools.javac.Main", "-proc:none",
                "-cp", library, "-d", _classes.Path,
                .. Directory.GetFiles(Checkout.At("tests/Barnabas.Conformance/clients/java/history"), "*.java")]).Succeeded();
        }
    }

    /// <summary>Starts them against a broker; they print "ready" and then go on until they are told to stop.</summary>
    internal Child Start(BrokerProcess broker, string file, ulong seed) => Child.Start("java",
    [
        "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
        string.Join(Path.PathSeparator, _classes.Path, Path.Combine(KafkaTools.Home, "libs", "*")),
        "HistoryClients", broker.Bootstrap, file, $"{seed}",
    ]);

    public void Dispose() => _classes.Dispose();
}
