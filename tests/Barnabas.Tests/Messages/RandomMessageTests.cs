using System.Diagnostics;
using System.Text.Json;
using Barnabas.Base.Bytes;
using Barnabas.Messages;
using Barnabas.Messages.Json;
using Barnabas.Messages.Views;
using Barnabas.Messages.Wire;
using Barnabas.Shared;

namespace Barnabas.Tests.Messages;

/// <summary>Random messages of every version: our codecs among themselves, and Kafka's own classes as the judge.</summary>
public sealed class RandomMessageTests
{
    private const int PerVersion = 100;

    [Fact]
    public void ObjectsWalkAndJsonAgreeOnRandomMessages()
    {
        var made = new RandomMessage(new Random(TestSeed.Value));
        foreach (var (name, version) in EveryVersion())
        {
            for (var i = 0; i < 5; i++)
            {
                var bytes = Written(name, version, made, out var title);
                Assert.True(bytes.AsSpan().SequenceEqual(Again(name, version, bytes)), title);
                using var writer = new ByteWriter();
                MessageJson.Encode(writer, MessageTable.Find(name)!, Json(name, version, bytes), version);
                Assert.True(bytes.AsSpan().SequenceEqual(writer.Written), title);
                var walk = new ByteReader(bytes);
                MessageWalk.Pass(MessageTable.Find(name)!, ref walk, version);
                Assert.Equal(0, walk.Remaining);
            }
        }
    }

    [Fact]
    public void ViewsAndObjectsAgreeOnRandomMessages()
    {
        var made = new RandomMessage(new Random(TestSeed.Value));
        string[] viewed = ["ProduceRequest", "FetchRequest", "ProduceResponse", "FetchResponse"];
        foreach (var (name, version) in EveryVersion().Where(message => viewed.Contains(message.Name)))
        {
            for (var i = 0; i < PerVersion; i++)
            {
                var bytes = Written(name, version, made, out var title);
                Assert.True(bytes.AsSpan().SequenceEqual(ThroughViews(name, version, bytes)), title);
            }
        }
    }

    [PeerFact(Need.Peer, Need.Tools), Trait("Category", "Slow")]
    public void KafkasOwnClassesAgreeWithEveryRandomMessage()
    {
        var start = new ProcessStartInfo("java")
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.ArgumentList.Add("-Xmx512m");
        start.ArgumentList.Add("-cp");
        start.ArgumentList.Add(Path.Combine(Checkout.Shared, "peers", "kafka", "libs", "*"));
        start.ArgumentList.Add(Path.Combine(Checkout.Shared, "tools", "wirelab", "wirelab", "java", "Golden.java"));
        start.ArgumentList.Add("check");
        using var judge = Process.Start(start)!;
        var verdict = judge.StandardOutput.ReadToEndAsync();
        var complaints = judge.StandardError.ReadToEndAsync();
        var lines = 0;
        var made = new RandomMessage(new Random(TestSeed.Value));
        foreach (var (name, version) in EveryVersion())
        {
            for (var i = 0; i < PerVersion; i++, lines++)
            {
                var bytes = Written(name, version, made, out _);
                judge.StandardInput.Write($$"""{"schema":"{{name}}","version":{{version}},"form":"random",""");
                judge.StandardInput.WriteLine($"\"hex\":\"{Convert.ToHexStringLower(bytes)}\",\"json\":{Json(name, version, bytes)}}}");
            }
        }

        judge.StandardInput.Close();
        judge.WaitForExit();
        var said = verdict.Result.TrimEnd().Split('\n');
        Assert.True(judge.ExitCode == 0, $"seed {TestSeed.Value}: {string.Join('\n', said.Take(5))}\n{said[^1]}\n{complaints.Result}");
        Assert.Equal($"{lines} lines agree with Kafka, 0 do not", said[^1]);
    }

    private static IEnumerable<(string Name, short Version)> EveryVersion() =>
        from name in MessageTable.Names
        let versions = MessageTable.Find(name)!.Versions
        from version in Enumerable.Range(versions.Lowest, versions.Highest - versions.Lowest + 1)
        select (name, (short)version);

    /// <summary>A random message as our codec writes it: made, read into an object, written.</summary>
    private static byte[] Written(string name, short version, RandomMessage made, out string title)
    {
        var raw = made.Next(MessageTable.Find(name)!, version);
        title = $"{name} v{version}, seed {TestSeed.Value}: {Convert.ToHexStringLower(raw)}";
        return Again(name, version, raw);
    }

    private static byte[] Again(string name, short version, byte[] bytes)
    {
        var reader = new ByteReader(bytes);
        var message = MessageTable.Read(name, ref reader, version);
        Assert.Equal(0, reader.Remaining);
        return MessageCodec.Encode(message, version);
    }

    private static JsonElement Json(string name, short version, byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            MessageJson.Write(json, MessageTable.Find(name)!, bytes, version);
        }

        return JsonDocument.Parse(stream.ToArray()).RootElement;
    }

    private static byte[] ThroughViews(string name, short version, byte[] bytes)
    {
        using var writer = new ByteWriter();
        switch (name)
        {
            case "ProduceRequest":
                return MessageCodec.Encode(ViewObjects.Of(ProduceRequestView.Parse(bytes, 0, version), bytes), version);
            case "FetchRequest":
                return MessageCodec.Encode(ViewObjects.Of(FetchRequestView.Parse(bytes, 0, version)), version);
            case "FetchResponse":
                return ViewObjects.Written(MessageCodec.Decode<FetchResponse>(bytes, version), version);
            default:
                ViewObjects.Write(writer, MessageCodec.Decode<ProduceResponse>(bytes, version), version);
                return writer.Written.ToArray();
        }
    }
}
