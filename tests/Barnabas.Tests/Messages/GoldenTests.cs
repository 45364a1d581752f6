using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages;
using Barnabas.Messages.Wire;

namespace Barnabas.Tests.Messages;

/// <summary>Every message and version against bytes that Kafka's own classes agree with.</summary>
public sealed class GoldenTests
{
    [Fact]
    public void EveryMessageAndVersionIsThere()
    {
        var there = GoldenLine.All.Select(line => (line.Schema, line.Version)).ToHashSet();
        var known = MessageTable.Names.SelectMany(
            name => Enumerable.Range(MessageTable.Find(name)!.Versions.Lowest,
                MessageTable.Find(name)!.Versions.Highest - MessageTable.Find(name)!.Versions.Lowest + 1).Select(v => (name, (short)v)));
        Assert.Equal(known.Order(), there.Order());
        Assert.Equal(2184, GoldenLine.All.Count);
    }

    [Fact]
    public void BytesAreReadAndWrittenAgainTheSame() => GoldenLine.ForEach(line =>
    {
        var reader = new ByteReader(line.Bytes);
        var message = MessageTable.Read(line.Schema, ref reader, line.Version);
        Assert.Equal(0, reader.Remaining);
        Assert.Equal(Convert.ToHexStringLower(line.Bytes), Convert.ToHexStringLower(MessageCodec.Encode(message, line.Version)));
    });

    [Fact]
    public void ANewObjectIsTheMinimalMessage() => GoldenLine.ForEach(line =>
    {
        if (line.Form == "minimal")
        {
            var reader = new ByteReader(line.Bytes);
            var message = (IMessage)Activator.CreateInstance(MessageTable.Read(line.Schema, ref reader, line.Version).GetType())!;
            Assert.Equal(Convert.ToHexStringLower(line.Bytes), Convert.ToHexStringLower(MessageCodec.Encode(message, line.Version)));
        }
    });

    [Fact]
    public void TheWalkEndsWhereTheMessageEnds() => GoldenLine.ForEach(line =>
    {
        var reader = new ByteReader(line.Bytes);
        MessageWalk.Pass(MessageTable.Find(line.Schema)!, ref reader, line.Version);
        Assert.Equal(0, reader.Remaining);
    });

    [Fact]
    public void EveryShorterFrameIsMalformedForWalkAndReaderAlike() => GoldenLine.ForEach(line =>
    {
        for (var length = 0; length < line.Bytes.Length; length++)
        {
            var cut = line.Bytes.AsSpan(0, length).ToArray();
            var byWalk = Throws(() => MessageWalkOf(line, cut));
            Assert.Equal(byWalk, Throws(() => ReadOf(line, cut)));
            Assert.True(byWalk, $"{length} of {line.Bytes.Length} bytes");
        }
    });

    private static void MessageWalkOf(GoldenLine line, byte[] bytes)
    {
        var reader = new ByteReader(bytes);
        MessageWalk.Pass(MessageTable.Find(line.Schema)!, ref reader, line.Version);
    }

    private static void ReadOf(GoldenLine line, byte[] bytes)
    {
        var reader = new ByteReader(bytes);
        MessageTable.Read(line.Schema, ref reader, line.Version);
    }

    private static bool Throws(Action read)
    {
        try
        {
            read();
            return false;
        }
        catch (MalformedException)
        {
            return true;
        }
    }
}
