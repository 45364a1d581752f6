using System.Text;
using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Faults;

/// <summary>A proxy that loses answers makes idempotent producers send batches again that the broker has appended already.</summary>
public sealed class IdempotenceTests
{
    private const int Records = 1_000_000;
    private const int CutEvery = 20;
    private const int SwallowEvery = 333;

    [BrokerFact(Need.Kcat, Apis = [Api.Produce, Api.Fetch, Api.ListOffsets, Api.InitProducerId])]
    [Trait("Category", "Slow")]
    public void A_million_records_arrive_once_and_in_order_though_answers_are_lost()
    {
        var answers = 0;
        var lost = 0;
        using var proxy = new Proxy
        {
            OnResponse = (api, _) =>
            {
                var number = api == (int)Api.Produce ? Interlocked.Increment(ref answers) : 1;
                var passage = number % SwallowEvery == 0 ? Passage.Swallow : number % CutEvery == 0 ? Passage.Cut : Passage.Forward;
                Interlocked.Add(ref lost, passage == Passage.Forward ? 0 : 1);
                return passage;
            },
        };
        using var broker = BrokerProcess.Start(new Dictionary<string, string>
        {
            ["advertised.listeners"] = $"PLAINTEXT://127.0.0.1:{proxy.Port}",
            ["num.partitions"] = "1",
        });
        proxy.Start(broker.Port);

        var lines = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, Records).Select(number => $"{number}\n")));
        Kcat.Produce(broker, "once", lines, "-X", "enable.idempotence=true", "-X", "batch.num.messages=1000", "-X", "linger.ms=1",
            "-X", "socket.timeout.ms=2000", "-X", "request.timeout.ms=1500", "-X", "retry.backoff.ms=5", "-X", "reconnect.backoff.ms=1",
            "-X", "reconnect.backoff.max.ms=20", "-X", "message.send.max.retries=1000").Succeeded();
        Assert.True(Volatile.Read(ref lost) >= 20, $"only {lost} of {answers} answers were lost");

        proxy.OnResponse = (_, _) => Passage.Forward;
        AssertSameLines(lines, Kcat.Consume(broker, "once").Succeeded().Output);
        var batches = Batch.InFolder(broker.PartitionFolders("once").Single());
        Assert.Equal(Records, batches.Sum(batch => batch.Records));
    }

    private static void AssertSameLines(byte[] expected, byte[] actual)
    {
        var at = expected.AsSpan().CommonPrefixLength(actual);
        Assert.True(at == expected.Length && at == actual.Length,
            $"order, gap or duplicate: sent …{Around(expected, at)}…, got …{Around(actual, at)}…");
    }

    private static string Around(byte[] bytes, int at) => Encoding.ASCII.GetString(bytes, Math.Max(0, at - 20),
        Math.Min(40, bytes.Length - Math.Max(0, at - 20))).Replace('\n', ' ');
}
