using Barnabas.Base;
using Barnabas.Messages;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.Handlers;

/// <summary>What produce and fetch leave to the collector, over a whole node: nothing per record, next to nothing per request.</summary>
[Collection(nameof(WholeProcess))]
public sealed class AllocationTests : IAsyncLifetime
{
    private const int Warm = 2_000;
    private const int Measured = 4_000;
    private const int BytesPerRequestMax = 400;
    private TestNode _node = null!;
    private TestClient _client = null!;

    public async Task InitializeAsync()
    {
        _node = await TestNode.Start();
        _node.CreateTopic("t");
        _client = _node.Connect();
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _node.DisposeAsync();
    }

    [Theory]
    [InlineData(1, 1), InlineData(1, 500), InlineData(-1, 1), InlineData(-1, 500)]
    public void A_produce_allocates_next_to_nothing(short acks, int records)
    {
        var request = PartitionServer.Produce(acks, (0, Batch(records)));
        AssertCheap(ApiKey.Produce, 9, MessageCodec.Encode(request, 9));
    }

    [Theory]
    [InlineData(1, -1), InlineData(500, -1), InlineData(500, 0)]
    public void A_fetch_allocates_next_to_nothing(int records, int sessionEpoch)
    {
        Assert.Equal(ErrorCode.None, _client.Produce("t", 0, Batch(records)).ErrorCode);
        var request = PartitionServer.Fetch(0, (0, 0));
        request.SessionEpoch = sessionEpoch;
        if (sessionEpoch >= 0)
        {
            // In a session that wants the same records again and again, as a consumer does that seeks.
            request.SessionId = _client.Call<FetchResponse>(request, 12).SessionId;
            request.SessionEpoch = 1;
        }

        AssertCheap(ApiKey.Fetch, 12, MessageCodec.Encode(request, 12), sessionEpochAt: sessionEpoch >= 0 ? 21 : -1);
    }

    private static byte[] Batch(int records) => PartitionServer.Batch([.. Enumerable.Repeat("twenty bytes or so..", records)]);

    private void AssertCheap(ApiKey key, short version, byte[] body, int sessionEpochAt = -1)
    {
        var frame = TestClient.Frame(key, version, 1, body);
        var epochAt = frame.Length - body.Length + sessionEpochAt;
        var reply = new byte[1 << 20];
        var before = 0L;
        for (var i = 0; i < Warm + Measured; i++)
        {
            if (i == Warm)
            {
                before = GC.GetTotalAllocatedBytes(precise: true);
            }

            if (sessionEpochAt >= 0)
            {
                System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(epochAt), i + 1);
            }

            _client.Send(frame);
            Receive(reply);
        }

        var perRequest = (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Measured;
        Assert.True(perRequest < BytesPerRequestMax, $"{perRequest:F0} bytes for each request");
    }

    private void Receive(byte[] reply)
    {
        Fill(reply.AsSpan(0, 4));
        Fill(reply.AsSpan(0, System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(reply)));
    }

    private void Fill(Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            // No assertion here: it would allocate.
            bytes = bytes[_client.Socket.Receive(bytes)..];
        }
    }
}
