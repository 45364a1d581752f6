using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Faults;

/// <summary>
/// SIGKILL under load, BARNABAS_KILLS times (20 by default): what was acknowledged with acks=all, and every topic whose creation was
/// acknowledged, is there after the restart, at the offset that the answer named.
/// </summary>
public sealed class KillTests
{
    private const int Partitions = 3;
    private const long AcknowledgementsBetweenKills = 100_000;
    private const string Topic = "kept";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);
    private static readonly int Kills = int.Parse(Environment.GetEnvironmentVariable("BARNABAS_KILLS") ?? "20");

    [BrokerFact(Need.Kcat, Apis = [Api.Produce, Api.Fetch, Api.ListOffsets, Api.CreateTopics])]
    [Trait("Category", "Slow")]
    public void Nothing_acknowledged_is_lost()
    {
        using var broker = BrokerProcess.Start(new Dictionary<string, string> { ["log.segment.bytes"] = "4194304" });
        CreateTopic(broker, Topic, Partitions);
        SpinWait.SpinUntil(() => Kcat.List(broker).Text.Contains($"topic \"{Topic}\" with {Partitions} partitions"), Limit);
        var next = 0L;
        for (var round = 0; round < Kills; round++)
        {
            var producers = Enumerable.Range(0, Partitions).Select(p => new AckingProducer(broker.Port, Topic, p, next)).ToArray();
            var threads = producers.Select(producer => new Thread(producer.Run)).ToArray();
            Array.ForEach(threads, thread => thread.Start());
            SpinWait.SpinUntil(() => Acknowledged(producers) >= AcknowledgementsBetweenKills || threads.Any(t => !t.IsAlive), Limit);
            CreateTopic(broker, $"made-{round}", 1);
            broker.Kill();
            Array.ForEach(threads, thread => thread.Join());

            Assert.All(producers, producer => Assert.Null(producer.Failure));
            Assert.True(Acknowledged(producers) >= AcknowledgementsBetweenKills, "too few acknowledgements before the kill");
            Assert.True(producers.Any(p => p.Sent > p.Acknowledged), "nothing was unanswered");
            broker.Start();
            for (var partition = 0; partition < Partitions; partition++)
            {
                AssertKept(broker, partition, producers[partition], round);
            }

            var topics = Kcat.List(broker).Succeeded().Text;
            Assert.All(Enumerable.Range(0, round + 1), made => Assert.Contains($"topic \"made-{made}\" with 1 partitions", topics));
            next += producers.Max(p => p.Sent);
        }
    }

    private static long Acknowledged(AckingProducer[] producers) => producers.Sum(producer => producer.Acknowledged);

    /// <summary>Reads from the first offset of this round on: each acknowledged number is at its offset, and none is there twice.</summary>
    private static void AssertKept(BrokerProcess broker, int partition, AckingProducer producer, int round)
    {
        Assert.True(producer.Offsets.Count > 0, $"kill {round}: partition {partition} acknowledged nothing");
        var read = Command.Run("kcat", ["-b", broker.Bootstrap, "-C", "-t", Topic, "-p", $"{partition}", "-o", $"{producer.Offsets[0]}",
            "-e", "-q", "-f", "%o %s\n"]).Succeeded();
        var there = new Dictionary<long, long>();
        foreach (var line in read.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var space = line.IndexOf(' ');
            there.Add(long.Parse(line.AsSpan(0, space), CultureInfo.InvariantCulture),
                long.Parse(line.AsSpan(space + 1), CultureInfo.InvariantCulture));
        }

        Assert.Equal(there.Count, there.Values.Distinct().Count());
        for (var i = 0; i < producer.Offsets.Count; i++)
        {
            var number = producer.First + i;
            Assert.True(there.TryGetValue(producer.Offsets[i], out var value) && value == number,
                $"kill {round}: record {number} of partition {partition}, acknowledged at {producer.Offsets[i]}, is not there");
        }
    }

    /// <summary>CreateTopics 2, which must succeed.</summary>
    private static void CreateTopic(BrokerProcess broker, string name, int partitions)
    {
        using var connection = new RawConnection(broker.Port);
        byte[] request = [0, 19, 0, 2, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 1, 0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name),
            0, 0, 0, (byte)partitions, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x75, 0x30, 0];
        connection.SendFrame(request);
        var answer = connection.ReceiveFrame();
        Assert.Equal(0, BinaryPrimitives.ReadInt16BigEndian(answer.AsSpan(4 + 4 + 4 + 2 + name.Length)));
    }
}
