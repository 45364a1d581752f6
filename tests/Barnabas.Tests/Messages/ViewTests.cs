using System.Text;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages;
using Barnabas.Messages.Views;

namespace Barnabas.Tests.Messages;

/// <summary>Views and response writers against the object codecs: same content, same bytes.</summary>
public sealed class ViewTests
{
    [Fact]
    public void ProduceRequestsReadThroughTheViewAreTheGoldenOnes() => ForEach("ProduceRequest", (bytes, version) =>
    {
        byte[] frame = [1, 2, 3, .. bytes];
        var view = ProduceRequestView.Parse(frame, 3, version);
        Assert.Equal(frame.Length, view.EndOffset);
        return MessageCodec.Encode(ViewObjects.Of(view, frame), version);
    });

    [Fact]
    public void FetchRequestsReadThroughTheViewAreTheGoldenOnes() => ForEach("FetchRequest", (bytes, version) =>
    {
        byte[] frame = [1, 2, 3, .. bytes];
        var view = FetchRequestView.Parse(frame, 3, version);
        Assert.Equal(frame.Length, view.EndOffset);
        return MessageCodec.Encode(ViewObjects.Of(view), version);
    });

    [Fact]
    public void ProduceResponsesWrittenPieceByPieceAreTheGoldenOnes() => ForEach("ProduceResponse", (bytes, version) =>
    {
        using var writer = new ByteWriter();
        ViewObjects.Write(writer, MessageCodec.Decode<ProduceResponse>(bytes, version), version);
        return writer.Written.ToArray();
    });

    [Fact]
    public void FetchResponsesWrittenPieceByPieceAreTheGoldenOnes() => ForEach("FetchResponse", (bytes, version) =>
        ViewObjects.Written(MessageCodec.Decode<FetchResponse>(bytes, version), version));

    [Fact]
    public void EveryShorterFrameIsMalformed()
    {
        foreach (var line in GoldenLine.All)
        {
            for (var length = 0; length < line.Bytes.Length && line.Schema is "ProduceRequest" or "FetchRequest"; length++)
            {
                var cut = line.Bytes[..length];
                Assert.Throws<MalformedException>(() =>
                {
                    _ = line.Schema == "ProduceRequest"
                        ? ProduceRequestView.Parse(cut, 0, line.Version).EndOffset : FetchRequestView.Parse(cut, 0, line.Version).EndOffset;
                });
            }
        }
    }

    [Fact]
    public void ATopicThatIsLeftEarlyIsPassedOver()
    {
        var request = new ProduceRequest
        {
            TopicData =
            [
                new() { Name = "a", PartitionData = [new() { Index = 1, Records = [1] }, new() { Index = 2, Records = null }] },
                new() { Name = "b", PartitionData = [new() { Index = 3, Records = [7, 8] }] },
            ],
        };
        var frame = MessageCodec.Encode(request, 9);
        var cursor = ProduceRequestView.Parse(frame, 0, 9).Cursor();
        Assert.True(cursor.NextTopic());
        Assert.True(cursor.NextPartition());
        Assert.True(cursor.NextTopic());
        Assert.Equal("b", Encoding.UTF8.GetString(cursor.TopicName));
        Assert.True(cursor.NextPartition());
        Assert.Equal([7, 8], frame.AsSpan(cursor.RecordsOffset, cursor.RecordsLength).ToArray());
        Assert.False(cursor.NextPartition());
        Assert.False(cursor.NextTopic());
        Assert.False(cursor.NextTopic());
    }

    [Fact]
    public void ViewsAllocateNothing()
    {
        var produce = GoldenLine.All.Single(line => line is { Schema: "ProduceRequest", Version: 13, Form: "full" }).Bytes;
        var fetch = GoldenLine.All.Single(line => line is { Schema: "FetchRequest", Version: 18, Form: "full" }).Bytes;
        long Parse() => ProduceRequestView.Parse(produce, 0, 13).EndOffset + FetchRequestView.Parse(fetch, 0, 18).EndOffset;
        Parse();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            Parse();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void ForEach(string schema, Func<byte[], short, byte[]> again)
    {
        var lines = 0;
        foreach (var line in GoldenLine.All.Where(line => line.Schema == schema))
        {
            Assert.True(line.Bytes.AsSpan().SequenceEqual(again(line.Bytes, line.Version)), line.Title);
            lines++;
        }

        Assert.True(lines >= 33);
    }
}
