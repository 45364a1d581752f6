using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages;
using Barnabas.Protocol.Records;

namespace Barnabas.Bench;

/// <summary>A blocking connection to a broker on this machine, one request at a time. One thread.</summary>
internal sealed class LoadClient : IDisposable
{
    private const short ProduceVersion = 9;
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private int _sent;

    public LoadClient(int port) => _socket.Connect(IPAddress.Loopback, port);

    public T Call<T>(IMessage request, short version)
        where T : IMessage<T>
    {
        using var writer = new ByteWriter();
        FrameCodec.WriteRequest(writer, request, version, _sent++, "bench");
        var frame = new byte[4 + writer.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, writer.Length);
        writer.Written.CopyTo(frame.AsSpan(4));
        for (var done = 0; done < frame.Length;)
        {
            done += _socket.Send(frame.AsSpan(done));
        }

        return FrameCodec.DecodeResponse<T>(Receive(BinaryPrimitives.ReadInt32BigEndian(Receive(4))), version, out _);
    }

    public void CreateTopic(string name, int partitions, params (string Key, string Value)[] configs)
    {
        var topic = new CreateTopicsRequest.CreatableTopic
        {
            Name = name, NumPartitions = partitions, ReplicationFactor = 1,
            Configs = [.. configs.Select(c => new CreateTopicsRequest.CreatableTopicConfig { Name = c.Key, Value = c.Value })],
        };
        Expect(Call<CreateTopicsResponse>(new CreateTopicsRequest { TimeoutMs = 30_000, Topics = [topic] }, 7).Topics[0].ErrorCode);
    }

    public void SetTopic(string name, string key, string value)
    {
        var resource = new IncrementalAlterConfigsRequest.AlterConfigsResource
        {
            ResourceType = 2, ResourceName = name, Configs = [new() { Name = key, Value = value }],
        };
        var request = new IncrementalAlterConfigsRequest { Resources = [resource] };
        Expect(Call<IncrementalAlterConfigsResponse>(request, 1).Responses[0].ErrorCode);
    }

    /// <summary>Produces one batch with acks=all.</summary>
    public void Produce(string topic, int partition, byte[] batch)
    {
        var request = new ProduceRequest
        {
            Acks = -1, TimeoutMs = 60_000,
            TopicData = [new() { Name = topic, PartitionData = [new() { Index = partition, Records = batch }] }],
        };
        Expect(Call<ProduceResponse>(request, ProduceVersion).Responses[0].PartitionResponses[0].ErrorCode);
    }

    /// <summary>A batch of so many records of a kilobyte, their keys drawn from so many.</summary>
    public static byte[] Batch(Random random, int records, int keys)
    {
        using var output = new ByteWriter();
        using var builder = new RecordBatchBuilder(output);
        builder.Begin(new BatchOptions());
        var value = new byte[1000];
        for (var i = 0; i < records; i++)
        {
            random.NextBytes(value);
            builder.Append(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), Encoding.ASCII.GetBytes($"key-{random.Next(keys)}"), value);
        }

        builder.End();
        return output.Written.ToArray();
    }

    public void Dispose() => _socket.Dispose();

    private static void Expect(ErrorCode error)
    {
        if (error != ErrorCode.None)
        {
            throw new InvalidOperationException($"the broker answers {error}");
        }
    }

    private byte[] Receive(int length)
    {
        var bytes = new byte[length];
        for (var done = 0; done < length;)
        {
            var read = _socket.Receive(bytes.AsSpan(done));
            done += read > 0 ? read : throw new EndOfStreamException("the broker has closed the connection");
        }

        return bytes;
    }
}
