using System.Globalization;
using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Operator;

/// <summary>One data directory with the broker that has it at the moment. Owned by the test.</summary>
internal sealed class ExchangedDirectory(string path, int controllerPort) : IDisposable
{
    private BrokerProcess? _broker;

    public string Path => path;

    /// <summary>Which program has the directory, or had it last.</summary>
    public BrokerKind Kind { get; private set; }

    public int Port => _broker!.Port;

    /// <summary>What the broker told its operator that is not as it should be.</summary>
    public string Complaints => string.Join('\n', $"{_broker?.Process.Output}\n{_broker?.Process.Errors}".Split('\n')
        .Where(line => line.Contains(" WARN ", StringComparison.Ordinal) || line.Contains(" ERROR ", StringComparison.Ordinal)).Take(20));

    public void Start(BrokerKind kind, IReadOnlyDictionary<string, string> settings)
    {
        Kind = kind;
        _broker?.Dispose();
        _broker = BrokerProcess.Start(kind, settings, path, controllerPort);
    }

    /// <summary>Everything that the broker serves.</summary>
    public List<string> Picture() => BrokerPicture.Take(Port);

    /// <summary>Ends the broker, with SIGTERM or with SIGKILL.</summary>
    public void Stop(bool isKilled)
    {
        if (isKilled)
        {
            _broker!.Kill();
        }
        else
        {
            _broker!.Terminate();
        }
    }

    public void Dispose() => _broker?.Dispose();

    /// <summary>Every file that dump-log can read, by the option that makes it decode the records.</summary>
    public IEnumerable<IGrouping<string, string>> DumpedFiles() =>
        Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(IsDumped).Order(StringComparer.Ordinal).GroupBy(Decoder);

    private static bool IsDumped(string file) =>
        System.IO.Path.GetExtension(file) is ".log" or ".index" or ".timeindex" or ".snapshot" or ".txnindex" or ".checkpoint"
        && new FileInfo(file).Length > 0;

    private static string Decoder(string file)
    {
        var folder = System.IO.Path.GetFileName(System.IO.Path.GetDirectoryName(file)!);
        return (folder, System.IO.Path.GetExtension(file)) switch
        {
            ("__cluster_metadata-0", ".log") or (_, ".checkpoint") => "--cluster-metadata-decoder",
            (var name, ".log") when name.StartsWith("__consumer_offsets-", StringComparison.Ordinal) => "--offsets-decoder",
            (var name, ".log") when name.StartsWith("__transaction_state-", StringComparison.Ordinal) => "--transaction-log-decoder",
            _ => "",
        };
    }

    /// <summary>A number in a picture's line, such as 5 for "start=5".</summary>
    public static long Number(string line, string name) => long.Parse(
        line.Split(' ').First(part => part.StartsWith(name + "=", StringComparison.Ordinal))[(name.Length + 1)..],
        CultureInfo.InvariantCulture);
}
