using System.Net;
using Barnabas.Base;
using Barnabas.Broker;
using Barnabas.Broker.Faults;
using Barnabas.Messages;
using Barnabas.Tests.Handlers;
using Barnabas.Tests.Network;
using static Barnabas.Tests.Handlers.PartitionServer;

namespace Barnabas.Tests.Embedded;

public class FaultTests
{
    [Fact]
    public async Task An_error_is_answered_once_and_nothing_is_carried_out()
    {
        await using var broker = await EmbeddedBroker.StartAsync();
        using var client = Connect(broker);
        var topicId = EmbeddedBrokerTests.CreateTopic(client, "t", partitions: 1);
        broker.Faults.Add(ApiKey.Produce, new RequestFault { Error = ErrorCode.NotLeaderOrFollower });
        var request = ProduceTo(topicId, "lost");
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Send(client, request).ErrorCode);
        var stored = Send(client, ProduceTo(topicId, "kept"));
        Assert.Equal((ErrorCode.None, 0L), (stored.ErrorCode, stored.BaseOffset));
        Assert.Equal(0, broker.Faults.Pending);
    }

    [Fact]
    public async Task A_lost_answer_was_carried_out_and_a_dropped_request_was_not()
    {
        await using var broker = await EmbeddedBroker.StartAsync();
        using var client = Connect(broker);
        var topicId = EmbeddedBrokerTests.CreateTopic(client, "t", partitions: 1);
        foreach (var fault in new[] { new RequestFault { LosesResponse = true }, new RequestFault { DropsConnection = true } })
        {
            broker.Faults.Add(ApiKey.Produce, fault);
            using var unlucky = Connect(broker);
            unlucky.SendMessage(ProduceTo(topicId, "x"), 13);
            Assert.Null(unlucky.Receive());
        }

        Assert.Equal(1, Send(client, ProduceTo(topicId, "y")).BaseOffset);
    }

    [Fact]
    public async Task A_cut_answer_ends_in_its_middle()
    {
        await using var broker = await EmbeddedBroker.StartAsync();
        using var client = Connect(broker);
        broker.Faults.Add(ApiKey.Metadata, new RequestFault { CutsResponseAfterBytes = 7 });
        client.SendMessage(new MetadataRequest { Topics = [] }, 9);
        var got = new byte[64];
        var count = 0;
        for (var read = client.Socket.Receive(got); read > 0; read = client.Socket.Receive(got.AsSpan(count)))
        {
            count += read;
        }

        Assert.Equal(7, count);
    }

    [Fact]
    public async Task A_delay_holds_its_connection_and_no_other()
    {
        var time = new ManualTime();
        await using var broker = await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions
        {
            TimeProvider = time,
            Config = new Dictionary<string, string> { ["connections.max.idle.ms"] = "-1" },
        });
        using var slow = Connect(broker);
        using var quick = Connect(broker);
        broker.Faults.Add(ApiKey.Metadata, new RequestFault { Delay = TimeSpan.FromSeconds(5) });
        slow.SendMessage(new MetadataRequest { Topics = [] }, 9);
        await TestServer.Until(() => broker.Faults.Pending == 0);
        quick.Call<MetadataResponse>(new MetadataRequest { Topics = [] }, 9);
        Assert.Equal(0, slow.Socket.Available);
        var answer = Task.Run(() => slow.ReceiveMessage<MetadataResponse>(9));
        while (!answer.IsCompleted)
        {
            // The timer is set in a turn that this thread does not see the end of.
            time.Advance(TimeSpan.FromSeconds(5));
            await Task.Yield();
        }

        Assert.NotEmpty((await answer).Brokers);
    }

    private static TestClient Connect(EmbeddedBroker broker) => new(new IPEndPoint(IPAddress.Loopback, broker.Port));

    private static ProduceRequest ProduceTo(Uuid topicId, string value)
    {
        var request = Produce(-1, (0, Batch(value)));
        request.TopicData[0].TopicId = topicId;
        return request;
    }

    private static ProduceResponse.PartitionProduceResponse Send(TestClient client, ProduceRequest request) =>
        client.Call<ProduceResponse>(request, 13).Responses[0].PartitionResponses[0];
}
