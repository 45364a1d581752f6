using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages;
using Barnabas.Protocol.Records;

namespace Barnabas.Bench;

/// <summary>
/// A blocking connection to a broker on this machine: one request at a time with <see cref="Call{T}"/>, or many on their way with
/// <see cref="Send"/>, <see cref="Flush"/> and <see cref="Receive{T}"/>. One thread.
/// </summary>
internal sealed class LoadClient : IDisposable
{
    private const short ProduceVersion = 9;
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly ByteWriter _out = new(64 * 1024);
    private byte[] _in = new byte[64 * 1024];
    private int _inStart, _inEnd, _sent;

    public LoadClient(int port) => _socket.Connect(IPAddress.Loopback, port);

    /// <summary>Sends a request and waits for its answer.</summary>
    public T Call<T>(IMessage request, short version)
        where T : IMessage<T>
    {
        Send(request, version);
        Flush();
        return Receive<T>(version);
    }

    /// <summary>Puts a request behind those that leave with the next <see cref="Flush"/>.</summary>
    public void Send(IMessage request, short version)
    {
        var start = _out.Length;
        _out.WriteInt32(0);
        FrameCodec.WriteRequest(_out, request, version, _sent++, "bench");
        BinaryPrimitives.WriteInt32BigEndian(_out.At(start, 4), _out.Length - start - 4);
    }

    /// <summary>Sends what was put together.</summary>
    public void Flush()
    {
        for (var done = 0; done < _out.Length;)
        {
            done += _socket.Send(_out.Written[done..]);
        }

        _out.Reset();
    }

    /// <summary>The answer to the oldest request that has none yet.</summary>
    public T Receive<T>(short version)
        where T : IMessage<T>
    {
        Fill(4);
        var length = BinaryPrimitives.ReadInt32BigEndian(_in.AsSpan(_inStart));
        _inStart += 4;
        Fill(length);
        _inStart += length;
        return FrameCodec.DecodeResponse<T>(_in.AsSpan(_inStart - length, length), version, out _);
    }

    /// <summary>Asks whether anybody is there.</summary>
    public void ApiVersions() => Call<ApiVersionsResponse>(new ApiVersionsRequest(), 0);

    /// <summary>Asks for the coordinator of a group (0) or transaction (1) until there is one.</summary>
    public void AwaitCoordinator(sbyte keyType, string key)
    {
        var request = new FindCoordinatorRequest { KeyType = keyType, CoordinatorKeys = [key] };
        while (Call<FindCoordinatorResponse>(request, 4).Coordinators[0].ErrorCode != ErrorCode.None)
        {
            Thread.Sleep(50);
        }
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

    public void Dispose()
    {
        _socket.Dispose();
        _out.Dispose();
    }

    /// <summary>Fails unless the broker has nothing to complain about.</summary>
    public static void Expect(ErrorCode error)
    {
        if (error != ErrorCode.None)
        {
            throw new InvalidOperationException($"the broker answers {error}");
        }
    }

    // So many bytes that were not looked at yet.
    private void Fill(int count)
    {
        if (_inEnd - _inStart >= count)
        {
            return;
        }

        var kept = _in.AsSpan(_inStart, _inEnd - _inStart);
        var target = count <= _in.Length ? _in : new byte[count * 2];
        kept.CopyTo(target);
        (_in, _inStart, _inEnd) = (target, 0, kept.Length);
        while (_inEnd < count)
        {
            var read = _socket.Receive(_in.AsSpan(_inEnd));
            _inEnd += read > 0 ? read : throw new EndOfStreamException("the broker has closed the connection");
        }
    }
}
