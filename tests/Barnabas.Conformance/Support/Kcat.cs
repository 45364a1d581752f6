namespace Barnabas.Conformance.Support;

/// <summary>Runs kcat. Stateless.</summary>
internal static class Kcat
{
    public static readonly string[] Codecs = ["none", "gzip", "snappy", "lz4", "zstd"];

    /// <summary>Produces each line of <paramref name="lines"/> as a record.</summary>
    public static CommandResult Produce(BrokerProcess broker, string topic, ReadOnlyMemory<byte> lines, params string[] more) =>
        Command.Run("kcat", ["-b", broker.Bootstrap, "-P", "-t", topic, .. more], lines);

    /// <summary>Consumes a topic from its beginning to its end; what is printed is each record and a line feed.</summary>
    public static CommandResult Consume(BrokerProcess broker, string topic, params string[] more) =>
        Command.Run("kcat", ["-b", broker.Bootstrap, "-C", "-t", topic, "-o", "beginning", "-e", "-q", .. more]);

    /// <summary>What brokers and topics a client sees.</summary>
    public static CommandResult List(BrokerProcess broker, params string[] more) =>
        Command.Run("kcat", ["-b", broker.Bootstrap, "-L", .. more]);
}
