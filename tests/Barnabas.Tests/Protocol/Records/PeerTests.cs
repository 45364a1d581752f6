using System.Diagnostics;
using System.Text;
using Barnabas.Base.Bytes;
using Barnabas.Protocol.Records;
using Barnabas.Shared;

namespace Barnabas.Tests.Protocol.Records;

/// <summary>Kafka's own tools read what is written here.</summary>
public sealed class PeerTests
{
    [Trait("Category", "Slow")]
    [PeerFact(Need.Peer)]
    public void Kafkas_dump_log_reads_our_batches_in_every_codec_record_by_record()
    {
        using var output = new ByteWriter();
        using var headers = new ByteWriter();
        using var builder = new RecordBatchBuilder(output);
        RecordHeaders.Write(headers, "trace"u8, default);
        RecordHeaders.Write(headers, "origin"u8, "here"u8);
        var expected = new List<string>();
        for (var codec = CompressionType.None; codec <= CompressionType.Zstd; codec++)
        {
            builder.Begin(new BatchOptions
            {
                BaseOffset = 100 * (int)codec, PartitionLeaderEpoch = 4, Compression = codec,
                ProducerId = 9, ProducerEpoch = 1, BaseSequence = 100 * (int)codec, IsTransactional = true,
            });
            for (var i = 0; i < 100; i++)
            {
                var value = $"value {i} of {codec} {new string('x', i * 50)}.";
                builder.Append(
                    i, RawBatch.Now + i, i % 9 == 0 ? OptionalBytes.Null : "key"u8,
                    i == 50 ? OptionalBytes.Null : Encoding.UTF8.GetBytes(value),
                    i % 2 * 2, i % 2 == 0 ? default : headers.Written);
                expected.Add($"| offset: {(100 * (int)codec) + i} CreateTime: {RawBatch.Now + i} keySize: {(i % 9 == 0 ? -1 : 3)} "
                    + $"valueSize: {(i == 50 ? -1 : value.Length)} sequence: {(100 * (int)codec) + i} "
                    + $"headerKeys: [{(i % 2 == 0 ? "" : "trace,origin")}]{(i % 9 == 0 ? "" : " key: key")}"
                    + (i == 50 ? "" : $" payload: {value}"));
            }

            builder.End();
        }

        var dump = DumpLog(output.Written.ToArray());
        Assert.Equal(string.Join('\n', expected), string.Join('\n', dump.Where(line => line.StartsWith('|'))));
        var batches = dump.Where(line => line.StartsWith("baseOffset", StringComparison.Ordinal)).ToList();
        Assert.Equal(["none", "gzip", "snappy", "lz4", "zstd"], batches.Select(line => Field(line, "compresscodec")));
        string[] fields = ["isvalid", "partitionLeaderEpoch", "isTransactional", "producerId"];
        Assert.All(batches, line => Assert.Equal(["true", "4", "true", "9"], fields.Select(field => Field(line, field))));
    }

    private static string Field(string line, string name) => line.Split(name + ": ")[1].Split(' ')[0];

    /// <summary>The lines that dump-log prints of a segment with these bytes.</summary>
    internal static List<string> DumpLog(byte[] segment, params string[] options)
    {
        var folder = Directory.CreateTempSubdirectory("barnabas-dump-");
        try
        {
            var file = Path.Combine(folder.FullName, "00000000000000000000.log");
            File.WriteAllBytes(file, segment);
            var kafka = Path.Combine(Checkout.Shared, "peers", "kafka", "bin", "kafka");
            string[] arguments = ["dump-log", "--deep-iteration", "--print-data-log", .. options, "--files", file];
            using var process = Process.Start(new ProcessStartInfo(kafka, arguments) { RedirectStandardOutput = true })!;
            var lines = process.StandardOutput.ReadToEnd().Split('\n').Select(line => line.TrimEnd()).ToList();
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
            return lines;
        }
        finally
        {
            folder.Delete(true);
        }
    }
}
