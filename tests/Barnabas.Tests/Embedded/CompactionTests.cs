using System.Net;
using Barnabas.Base;
using Barnabas.Broker;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Barnabas.Shared;
using Barnabas.Tests.Handlers;
using Barnabas.Tests.Log.Compaction;
using Barnabas.Tests.Network;
using Barnabas.Tests.Worlds;
using static Barnabas.Tests.Handlers.PartitionServer;

namespace Barnabas.Tests.Embedded;

/// <summary>Compaction as clients and the disk see it; time is the test's.</summary>
public sealed class CompactionTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory, InlineData("true"), InlineData("false")]
    [ConfigKey("log.cleaner.enable")]
    public async Task A_compacted_topic_shrinks_where_the_cleaner_runs(string isEnabled)
    {
        await using var broker = await Start(("log.cleaner.enable", isEnabled));
        using var client = Connect(broker);
        var topic = Create(client);
        for (var i = 0; i < 5; i++)
        {
            var nowMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
            var batch = CompactedLog.Batch(new BatchOptions(), nowMs, $"k={new string('v', 600_000 + i)}");
            var request = Produce(-1, (0, batch));
            request.TopicData[0].TopicId = topic;
            Assert.Equal(ErrorCode.None, client.Call<ProduceResponse>(request, 13).Responses[0].PartitionResponses[0].ErrorCode);
        }

        for (var looks = 0; LogBytes("t-0") > 1_500_000 && (isEnabled == "true" || looks < 20); looks++)
        {
            Pass(client);
        }

        Assert.Equal(isEnabled == "true" ? 2 : 5, Fetched(client, topic));
    }

    [Fact]
    public async Task Committed_offsets_are_found_again_behind_a_compacted_log()
    {
        await using (var broker = await Start())
        {
            using var client = Connect(broker);
            Create(client);
            await TestServer.Until(() => Find(client) == ErrorCode.None);
            for (var offset = 0; offset < 700; offset++)
            {
                var error = Commit(client, offset);
                offset -= error is ErrorCode.None ? 0 : 1; // until the coordinator is loaded
            }

            Assert.True(LogBytes("__consumer_offsets-0") > 2_500_000);
            while (LogBytes("__consumer_offsets-0") > 1_500_000)
            {
                Pass(client);
            }
        }

        await using var again = await Start();
        using var asking = Connect(again);
        await TestServer.Until(() => Find(asking) == ErrorCode.None);
        await TestServer.Until(() => Fetch(asking).ErrorCode == ErrorCode.None);
        Assert.Equal(699, Fetch(asking).Topics[0].Partitions[0].CommittedOffset);
    }

    private static TestClient Connect(EmbeddedBroker broker) => new(new IPEndPoint(IPAddress.Loopback, broker.Port));

    private static ErrorCode Find(TestClient client) =>
        client.Call<FindCoordinatorResponse>(new FindCoordinatorRequest { CoordinatorKeys = ["g"] }, 6).Coordinators[0].ErrorCode;

    private static ErrorCode Commit(TestClient client, long offset)
    {
        var request = new OffsetCommitRequest { GroupId = "g" };
        request.Topics.Add(new OffsetCommitRequest.OffsetCommitRequestTopic
        {
            Name = "t", Partitions = [new() { CommittedOffset = offset, CommittedMetadata = new string('m', 4000) }],
        });
        return client.Call<OffsetCommitResponse>(request, 9).Topics[0].Partitions[0].ErrorCode;
    }

    private static OffsetFetchResponse.OffsetFetchResponseGroup Fetch(TestClient client) => client.Call<OffsetFetchResponse>(
        new OffsetFetchRequest { Groups = [new() { GroupId = "g", Topics = [new() { Name = "t", PartitionIndexes = [0] }] }] },
        9).Groups[0];

    private static Uuid Create(TestClient client)
    {
        var request = new CreateTopicsRequest
        {
            TimeoutMs = 30_000,
            Topics =
            [
                new()
                {
                    Name = "t", NumPartitions = 1, ReplicationFactor = 1, Configs = [new() { Name = "cleanup.policy", Value = "compact" }],
                },
            ],
        };
        var created = client.Call<CreateTopicsResponse>(request, 7).Topics[0];
        Assert.Equal(ErrorCode.None, created.ErrorCode);
        return created.TopicId;
    }

    /// <summary>Records that a consumer gets of the sealed segments.</summary>
    private static int Fetched(TestClient client, Uuid topic)
    {
        var count = 0;
        for (var offset = 0L; offset < 5;)
        {
            var request = PartitionServer.Fetch(0, (0, offset));
            request.Topics[0].TopicId = topic;
            var records = client.Call<FetchResponse>(request, 13).Responses[0].Partitions[0].Records!;
            Assert.True(RecordBatchHeader.TryRead(records, out var batch));
            count += batch.RecordCount;
            offset = batch.NextOffset;
        }

        return count;
    }

    private long LogBytes(string partition)
    {
        try
        {
            return new DirectoryInfo(_folder.At($"data/{partition}")).EnumerateFiles("*.log").Sum(f => f.Length);
        }
        catch (FileNotFoundException)
        {
            return long.MaxValue; // renamed while it was looked at: look again
        }
    }

    /// <summary>Lets the cleaner look once more, and its files go.</summary>
    private void Pass(TestClient client)
    {
        _time.Advance(TimeSpan.FromSeconds(61));
        client.Call<ListGroupsResponse>(new ListGroupsRequest(), 5);
    }

    private Task<EmbeddedBroker> Start(params (string Key, string Value)[] settings)
    {
        var config = new Dictionary<string, string>
        {
            ["connections.max.idle.ms"] = "-1",
            ["log.cleaner.min.cleanable.ratio"] = "0",
            ["log.segment.bytes"] = "1048576",
            ["offsets.topic.num.partitions"] = "1",
            ["offsets.topic.segment.bytes"] = "1048576",
        };
        foreach (var (key, value) in settings)
        {
            config[key] = value;
        }

        return EmbeddedBroker.StartAsync(
            new EmbeddedBrokerOptions { TimeProvider = _time, Config = config, DataDirectory = _folder.At("data") });
    }
}
