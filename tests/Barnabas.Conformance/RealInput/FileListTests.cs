using System.Collections.Concurrent;
using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.RealInput;

/// <summary>The file lists of all installed packages, line by line, as records.</summary>
public sealed class FileListTests
{
    private const int BytesMin = 1_000_000;

    [BrokerFact(Need.Kcat, Need.DpkgQuery, Apis = [Api.Produce, Api.Fetch, Api.ListOffsets])]
    [Trait("Category", "Slow")]
    public void File_lists_survive_every_codec_and_kill_9()
    {
        var lines = FileLists();
        var sent = new ConcurrentDictionary<(uint Crc, int Attributes), bool>();
        using var proxy = new Proxy { OnRequest = frame => Record(frame, sent) };
        using var broker = BrokerProcess.Start(new Dictionary<string, string>
        {
            ["advertised.listeners"] = $"PLAINTEXT://127.0.0.1:{proxy.Port}",
        });
        proxy.Start(broker.Port);

        foreach (var codec in Kcat.Codecs)
        {
            Kcat.Produce(broker, codec, lines, "-z", codec, "-p", "0").Succeeded();
            AssertSame(lines, codec, Kcat.Consume(broker, codec).Succeeded().Output);
        }

        broker.Kill();
        broker.Start();
        foreach (var codec in Kcat.Codecs)
        {
            AssertSame(lines, $"{codec} after kill -9", Kcat.Consume(broker, codec).Succeeded().Output);
        }

        broker.Terminate();
        for (var bits = 0; bits < Kcat.Codecs.Length; bits++)
        {
            var batches = Batch.InFolder(broker.PartitionFolders(Kcat.Codecs[bits]).Single());
            Assert.Contains(batches, batch => batch.Codec == bits);
            Assert.Equal(lines.Count(b => b == '\n'), batches.Sum(batch => batch.Records));
            Assert.DoesNotContain(batches, batch => batch.Codec != bits && batch.Codec != 0);

            // What is plain although a codec was asked for came plain from the client: every batch lies there as it was sent.
            Assert.DoesNotContain(batches, batch => !sent.ContainsKey((batch.Crc, batch.Attributes)));
        }
    }

    private static Passage Record(byte[] frame, ConcurrentDictionary<(uint Crc, int Attributes), bool> sent)
    {
        if (frame[0] == 0 && frame[1] == (int)Api.Produce)
        {
            foreach (var batch in Batch.InFrame(frame))
            {
                sent[(batch.Crc, batch.Attributes)] = true;
            }
        }

        return Passage.Forward;
    }

    /// <summary>All lines of all lists; no empty ones, which kcat drops.</summary>
    private static byte[] FileLists()
    {
        var packages = Command.Run("dpkg-query", ["-f", "${binary:Package}\\n", "-W"]).Succeeded().Text.Split('\n');
        var lists = Command.Run("dpkg-query", ["-L", .. packages.Where(name => name.Length > 0)]).Succeeded().Output;
        var lines = new MemoryStream(lists.Length);
        var last = (byte)'\n';
        foreach (var each in lists)
        {
            if (each != '\n' || last != '\n')
            {
                lines.WriteByte(each);
            }

            last = each;
        }

        Assert.True(lines.Length > BytesMin, $"only {lines.Length} bytes of file lists");
        return lines.ToArray();
    }

    /// <summary>As Assert.Equal, which takes long to tell where megabytes differ.</summary>
    private static void AssertSame(byte[] expected, string what, byte[] actual)
    {
        var at = expected.AsSpan().CommonPrefixLength(actual);
        Assert.True(at == expected.Length && at == actual.Length,
            $"{what}: {actual.Length} of {expected.Length} bytes came back, the same up to {at}");
    }
}
