using System.Net;
using Barnabas.Base;
using Barnabas.Broker;
using Barnabas.Broker.Config;
using Barnabas.Messages;
using Barnabas.Tests.Handlers;
using Barnabas.Tests.Network;
using static Barnabas.Tests.Handlers.PartitionServer;

namespace Barnabas.Tests.Embedded;

public class EmbeddedBrokerTests
{
    [Fact]
    public async Task A_topic_is_made_written_and_read_and_survives_a_restart()
    {
        using var folder = new Worlds.TempFolder();
        var options = new EmbeddedBrokerOptions { DataDirectory = folder.At("data") };
        Uuid topicId;
        string clusterId;
        await using (var broker = await EmbeddedBroker.StartAsync(options))
        {
            using var client = new TestClient(new IPEndPoint(IPAddress.Loopback, broker.Port));
            topicId = CreateTopic(client, "t", partitions: 3);
            clusterId = broker.ClusterId;
            for (var i = 0; i < 3; i++)
            {
                Assert.Equal(ErrorCode.None, ProduceTo(client, topicId, i, $"v{i}"));
            }
        }

        await using var again = await EmbeddedBroker.StartAsync(options);
        Assert.Equal(clusterId, again.ClusterId);
        using var reader = new TestClient(new IPEndPoint(IPAddress.Loopback, again.Port));
        Assert.Equal(["v0", "v1", "v2"], Enumerable.Range(0, 3).SelectMany(i => Read(reader, topicId, i)));
    }

    [Fact]
    public async Task Many_brokers_run_in_one_process_and_leave_nothing()
    {
        var brokers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => EmbeddedBroker.StartAsync()));
        var directories = brokers.Select(b => b.DataDirectory).ToList();
        await Task.WhenAll(brokers.Select(broker => Task.Run(() =>
        {
            using var client = new TestClient(new IPEndPoint(IPAddress.Loopback, broker.Port));
            var topicId = CreateTopic(client, "t", partitions: 1);
            Assert.Equal(ErrorCode.None, ProduceTo(client, topicId, 0, broker.Port.ToString()));
            Assert.Equal([broker.Port.ToString()], Read(client, topicId, 0));
        })));
        await Task.WhenAll(brokers.Select(b => b.DisposeAsync().AsTask()));
        Assert.All(directories, d => Assert.False(Directory.Exists(d)));
    }

    [Fact]
    public async Task A_second_broker_on_the_same_directory_is_refused()
    {
        using var folder = new Worlds.TempFolder();
        var options = new EmbeddedBrokerOptions { DataDirectory = folder.At("data") };
        await using var broker = await EmbeddedBroker.StartAsync(options);
        var refused = await Assert.ThrowsAsync<StartupException>(() => EmbeddedBroker.StartAsync(options));
        Assert.Contains("in use by another broker", refused.Message);
    }

    [Fact]
    public async Task Nothing_stays_open_and_nothing_is_written_when_a_broker_has_stopped()
    {
        // Another one keeps the threads alive that could still do something.
        const string settings = "log.initial.task.delay.ms=0 log.retention.check.interval.ms=1000 offsets.topic.num.partitions=5";
        await using var other = await EmbeddedBroker.StartAsync();
        for (var round = 0; round < 3; round++)
        {
            await using (var broker = await KeyBroker.Start(settings))
            {
                broker.Create("t", "internal.segment.bytes=300 retention.bytes=600 file.delete.delay.ms=100000", partitions: 2);
                broker.Create("gone", "internal.segment.bytes=300");
                for (var i = 0; i < 20; i++)
                {
                    broker.Produce("t", partition: i % 2);
                    broker.Produce("gone");
                }

                await broker.Passes(() => broker.Files("t-0", "*.log.deleted").Length > 0, TimeSpan.FromSeconds(1));
                var request = new DeleteTopicsRequest { TimeoutMs = 30_000, Topics = [new() { Name = "gone" }] };
                broker.Client.Call<DeleteTopicsResponse>(request, 6);

                // The offsets topic is being made, and rolls are being flushed, when the broker stops.
                using var asking = broker.Connect();
                asking.SendMessage(new FindCoordinatorRequest { CoordinatorKeys = ["g"] }, 4);
                broker.Produce("t");
                var data = broker.Broker.DataDirectory;
                Assert.NotEmpty(OpenFilesUnder(data));
                await broker.Stop();
                Assert.Empty(OpenFilesUnder(data));
                Directory.Delete(data, recursive: true);
            }
        }
    }

    private static List<string> OpenFilesUnder(string directory)
    {
        var open = new List<string>();
        foreach (var link in Directory.GetFiles("/proc/self/fd"))
        {
            try
            {
                open.Add(File.ResolveLinkTarget(link, returnFinalTarget: false)?.FullName ?? "");
            }
            catch (IOException)
            {
                // Closed since it was listed.
            }
        }

        return open.FindAll(path => path.StartsWith(directory, StringComparison.Ordinal));
    }

    internal static Uuid CreateTopic(TestClient client, string name, int partitions)
    {
        var created = client.Call<CreateTopicsResponse>(
            new CreateTopicsRequest
            {
                TimeoutMs = 30_000,
                Topics = [new CreateTopicsRequest.CreatableTopic { Name = name, NumPartitions = partitions, ReplicationFactor = 1 }],
            },
            7);
        Assert.Equal(ErrorCode.None, created.Topics[0].ErrorCode);
        return created.Topics[0].TopicId;
    }

    private static ErrorCode ProduceTo(TestClient client, Uuid topicId, int partition, string value)
    {
        var request = Produce(-1, (partition, Batch(value)));
        request.TopicData[0].TopicId = topicId;
        return client.Call<ProduceResponse>(request, 13).Responses[0].PartitionResponses[0].ErrorCode;
    }

    private static List<string> Read(TestClient client, Uuid topicId, int partition)
    {
        var request = Fetch(5000, (partition, 0));
        request.Topics[0].TopicId = topicId;
        return Values(client.Call<FetchResponse>(request, 17).Responses[0].Partitions[0].Records!);
    }
}
