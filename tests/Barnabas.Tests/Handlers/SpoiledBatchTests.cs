using System.Globalization;
using System.IO.Compression;
using Barnabas.Base;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Barnabas.Shared;
using Barnabas.Tests.Embedded;

namespace Barnabas.Tests.Handlers;

/// <summary>
/// The spoiled batches of the golden file over the wire against a whole node, which has to answer as Kafka 4.3.1 did. The file's format is
/// told in <see cref="Protocol.Records.KafkaAnswersTests"/>.
/// </summary>
public sealed class SpoiledBatchTests : IAsyncLifetime
{
    private KeyBroker _broker = null!;

    public async Task InitializeAsync()
    {
        _broker = await KeyBroker.Start("barnabas.produce.check=records");
        _broker.Create("fz");
        _broker.Create("fzc", "cleanup.policy=compact");
        _broker.Create("fzl", "message.timestamp.type=LogAppendTime");
    }

    public async Task DisposeAsync() => await _broker.DisposeAsync();

    [Fact]
    public void Each_gets_the_error_that_Kafka_gave()
    {
        using var file = File.OpenRead(Checkout.At("tests/Barnabas.Tests/Protocol/Records/Golden/produce-answers.gz"));
        using var lines = new StreamReader(new GZipStream(file, CompressionMode.Decompress));
        var (count, otherwise) = (0, 0);
        while (lines.ReadLine() is { } line)
        {
            var parts = line.Split(' ');
            var version = short.Parse(parts[1], CultureInfo.InvariantCulture);
            var kafka = (ErrorCode)short.Parse(parts[3], CultureInfo.InvariantCulture);
            var sent = parts[5] == "-" ? [] : Convert.FromHexString(parts[5]);
            _broker.Time.Advance(TimeSpan.FromMilliseconds(long.Parse(parts[2], CultureInfo.InvariantCulture) - _broker.NowMs));
            var ours = Produce(parts[0], version, sent);
            count++;
            if (ours != kafka)
            {
                // Only inside of compressed batches, where one of the two refuses what no consumer can read.
                Assert.True(sent[RecordBatchHeader.AttributesAt + 1] % 8 != 0, $"{ours} instead of {line}");
                Assert.True(ours == ErrorCode.InvalidRecord || kafka == ErrorCode.InvalidRecord, $"{ours} instead of {line}");
                otherwise++;
            }
        }

        Assert.Equal(2000, count);
        Assert.True(otherwise < 80, $"{otherwise} otherwise");
    }

    [Fact]
    public void A_transactional_batch_without_an_id_fails_the_whole_request()
    {
        _broker.Time.Advance(DateTimeOffset.UtcNow - _broker.Time.GetUtcNow());
        _broker.Create("t", partitions: 2);
        var batch = PartitionServer.Batch(
            new BatchOptions { ProducerId = 5, ProducerEpoch = 0, BaseSequence = 0, IsTransactional = true }, "a");
        var request = PartitionServer.Produce(-1, (0, PartitionServer.Batch("plain")), (1, batch));
        var answers = _broker.Client.Call<ProduceResponse>(request, 9).Responses[0].PartitionResponses;
        Assert.All(answers, p => Assert.Equal((ErrorCode.TransactionalIdAuthorizationFailed, -1), (p.ErrorCode, p.BaseOffset)));
        Assert.Equal(0, _broker.Client.Produce("t", 0, PartitionServer.Batch("first")).BaseOffset);
    }

    private ErrorCode Produce(string topic, short version, byte[] records)
    {
        var request = new ProduceRequest
        {
            Acks = -1,
            TimeoutMs = 5_000,
            TopicData = [new() { Name = topic, PartitionData = [new() { Index = 0, Records = records }] }],
        };
        return _broker.Client.Call<ProduceResponse>(request, version).Responses[0].PartitionResponses[0].ErrorCode;
    }
}
