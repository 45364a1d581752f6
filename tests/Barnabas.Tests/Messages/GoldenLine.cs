using System.IO.Compression;
using System.Text.Json;

namespace Barnabas.Tests.Messages;

/// <summary>
/// One message of golden.jsonl.gz with its bytes and its JSON form. Form "minimal" has all defaults, "full" every field that the version
/// knows, "null" null for all that may be; the bytes were judged by Kafka's own classes.
/// </summary>
internal sealed record GoldenLine(string Schema, short Version, string Form, byte[] Bytes, JsonElement Json)
{
    public static readonly IReadOnlyList<GoldenLine> All = Load();

    public string Title => $"{Schema} v{Version} {Form}";

    /// <summary>Runs <paramref name="check"/> on every line; a failure names its line.</summary>
    public static void ForEach(Action<GoldenLine> check)
    {
        foreach (var line in All)
        {
            try
            {
                check(line);
            }
            catch (Exception error)
            {
                Assert.Fail($"{line.Title}: {error.Message}");
            }
        }
    }

    private static List<GoldenLine> Load()
    {
        using var stream = typeof(GoldenLine).Assembly.GetManifestResourceStream("golden.jsonl.gz")!;
        using var reader = new StreamReader(new GZipStream(stream, CompressionMode.Decompress));
        var lines = new List<GoldenLine>();
        while (reader.ReadLine() is { } text)
        {
            var line = JsonDocument.Parse(text).RootElement;
            lines.Add(new GoldenLine(
                line.GetProperty("schema").GetString()!, line.GetProperty("version").GetInt16(), line.GetProperty("form").GetString()!,
                Convert.FromHexString(line.GetProperty("hex").GetString()!), line.GetProperty("json")));
        }

        return lines;
    }
}
