using System.Text;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Conformance.Support;
using Barnabas.Messages;
using Barnabas.Protocol.Records;

namespace Barnabas.Conformance.Faults.Disks;

/// <summary>What was acknowledged of one partition, and short ways to write and read it over one connection. One thread.</summary>
internal sealed class Partition(BrokerProcess broker, string topic, int index) : IDisposable
{
    private MessageConnection connection = new(broker.Port);
    private readonly HashSet<string> sentInVain = [];
    private int next;

    public int Index => index;

    /// <summary>The values that were acknowledged, by their offsets.</summary>
    public SortedDictionary<long, string> Acknowledged { get; } = [];

    /// <summary>Makes a topic and waits for its leaders.</summary>
    public static void CreateTopic(BrokerProcess broker, string topic, int partitions)
    {
        using var connection = new MessageConnection(broker.Port);
        var request = new CreateTopicsRequest
        {
            TimeoutMs = 30_000, Topics = [new() { Name = topic, NumPartitions = partitions, ReplicationFactor = 1 }],
        };
        Assert.Equal(ErrorCode.None, connection.Call<CreateTopicsResponse>(request, 7).Topics[0].ErrorCode);
    }

    /// <summary>Goes on after the broker was started again.</summary>
    public void Reconnect()
    {
        connection.Dispose();
        connection = new MessageConnection(broker.Port);
    }

    /// <summary>Sends one record with acks=all and keeps it if it is acknowledged. The same one is sent until then.</summary>
    public ErrorCode Produce(int valueBytes = 100)
    {
        var value = $"{index}:{next}".PadRight(valueBytes, '.');
        var request = new ProduceRequest
        {
            Acks = -1,
            TimeoutMs = 30_000,
            TopicData = [new() { Name = topic, PartitionData = [new() { Index = index, Records = Batch(value) }] }],
        };
        var answer = connection.Call<ProduceResponse>(request, 9).Responses[0].PartitionResponses[0];
        if (answer.ErrorCode == ErrorCode.None)
        {
            Acknowledged.Add(answer.BaseOffset, value);
            next++;
        }
        else
        {
            sentInVain.Add(value);
        }

        return answer.ErrorCode;
    }

    /// <summary>
    /// Reads all and compares: each acknowledged record is at its offset, and nothing else is there, or only what was sent in vain.
    /// </summary>
    public void AssertKept(bool mayHoldMore = false)
    {
        var read = new SortedDictionary<long, string>();
        for (var offset = 0L; ;)
        {
            var answer = Fetch(offset);
            Assert.Equal(ErrorCode.None, answer.ErrorCode);
            offset = Add(answer.Records ?? [], read, offset);
            if (offset >= answer.HighWatermark)
            {
                break;
            }
        }

        foreach (var (offset, value) in mayHoldMore ? read.Where(r => !Acknowledged.ContainsKey(r.Key)).ToList() : [])
        {
            Assert.Contains(value, sentInVain);
            read.Remove(offset);
        }

        Assert.Equal(Acknowledged, read);
    }

    /// <summary>What a reader is told at an offset.</summary>
    public FetchResponse.PartitionData Fetch(long offset)
    {
        var request = new FetchRequest
        {
            ReplicaId = -1,
            MaxWaitMs = 0,
            MinBytes = 0,
            MaxBytes = 16 << 20,
            SessionEpoch = -1,
            Topics =
            [
                new()
                {
                    Topic = topic,
                    Partitions =
                    [
                        new()
                        {
                            Partition = index,
                            FetchOffset = offset,
                            PartitionMaxBytes = 16 << 20,
                            CurrentLeaderEpoch = -1,
                            LastFetchedEpoch = -1,
                        },
                    ],
                },
            ],
        };
        return connection.Call<FetchResponse>(request, 12).Responses[0].Partitions[0];
    }

    /// <summary>The leader as the metadata has it, or -1.</summary>
    public int Leader() => connection.Call<MetadataResponse>(new MetadataRequest { Topics = [new() { Name = topic }] }, 12)
        .Topics[0].Partitions.Single(p => p.PartitionIndex == index).LeaderId;

    public void Dispose() => connection.Dispose();

    private static long Add(byte[] bytes, SortedDictionary<long, string> read, long next)
    {
        for (var at = 0; at < bytes.Length;)
        {
            Assert.True(RecordBatchHeader.TryRead(bytes.AsSpan(at), out var header));
            var records = bytes.AsSpan(at + RecordBatchHeader.HeaderBytes, (int)header.SizeBytes - RecordBatchHeader.HeaderBytes);
            var reader = new RecordReader(records, header.RecordCount);
            while (reader.TryRead(out var record))
            {
                read.Add(header.BaseOffset + record.OffsetDelta, Encoding.ASCII.GetString(record.Value.Span));
            }

            at += (int)header.SizeBytes;
            next = header.LastOffset + 1;
        }

        return next;
    }

    private static byte[] Batch(string value)
    {
        using var writer = new ByteWriter();
        using var builder = new RecordBatchBuilder(writer);
        builder.Begin(new BatchOptions());
        builder.Append(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), OptionalBytes.Null, Encoding.ASCII.GetBytes(value));
        builder.End();
        return writer.Written.ToArray();
    }
}
