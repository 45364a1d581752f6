using System.Text.Json;
using Barnabas.Base.Bytes;
using Barnabas.Messages;
using Barnabas.Messages.Json;

namespace Barnabas.Tests.Messages;

public sealed class JsonTests
{
    [Fact]
    public void EveryGoldenLineHasKafkasJsonForm() => GoldenLine.ForEach(line =>
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            MessageJson.Write(json, MessageTable.Find(line.Schema)!, line.Bytes, line.Version);
        }

        var written = JsonDocument.Parse(stream.ToArray()).RootElement;
        Assert.True(JsonElement.DeepEquals(line.Json, written), $"{written} for {line.Json}");
    });

    [Fact]
    public void EveryGoldenLineIsEncodedFromJson() => GoldenLine.ForEach(line =>
    {
        using var writer = new ByteWriter();
        MessageJson.Encode(writer, MessageTable.Find(line.Schema)!, line.Json, line.Version);
        Assert.Equal(Convert.ToHexStringLower(line.Bytes), Convert.ToHexStringLower(writer.Written));
    });

    [Fact]
    public void AnEmptyObjectIsTheMinimalMessage() => GoldenLine.ForEach(line =>
    {
        if (line.Form == "minimal")
        {
            using var writer = new ByteWriter();
            MessageJson.Encode(writer, MessageTable.Find(line.Schema)!, JsonDocument.Parse("{}").RootElement, line.Version);
            Assert.Equal(Convert.ToHexStringLower(line.Bytes), Convert.ToHexStringLower(writer.Written));
        }
    });

    [Theory]
    [InlineData("""{"nmae": "t"}""")]
    [InlineData("""{"topics": [{"name": null}]}""")]
    [InlineData("""{"topics": 3}""")]
    [InlineData("""{"allowAutoTopicCreation": true}""")]
    public void WhatTheVersionDoesNotKnowIsRefused(string text)
    {
        using var writer = new ByteWriter();
        var json = JsonDocument.Parse(text).RootElement;
        Assert.Throws<JsonException>(() => MessageJson.Encode(writer, MetadataRequest.Schema, json, 1));
    }

    [Fact]
    public void TextAndMessageTurnIntoEachOther()
    {
        var request = new MetadataRequest { Topics = [new() { Name = "träume" }], AllowAutoTopicCreation = false };
        var text = MessageJson.Text(request, 9);
        var again = MessageJson.Decode<MetadataRequest>(JsonDocument.Parse(text).RootElement, 9);
        Assert.Equal("träume", again.Topics![0].Name);
        Assert.False(again.AllowAutoTopicCreation);
    }
}
