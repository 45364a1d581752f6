using System.Text.Json;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages.Schemas;

namespace Barnabas.Messages.Json;

/// <summary>
/// Messages in Kafka's own JSON form: lower camel case, ids and bytes as base64, tagged fields only where they are on the wire, tags that
/// the schema does not know under <c>_unknownTaggedFields</c>. Driven by the schema, so it works on bytes and needs no code per message.
/// </summary>
public static class MessageJson
{
    /// <summary>The name under which unknown tags are kept.</summary>
    public const string UnknownTags = "_unknownTaggedFields";

    /// <summary>Writes the message that <paramref name="bytes"/> hold.</summary>
    /// <exception cref="MalformedException">The bytes do not follow the schema.</exception>
    public static void Write(Utf8JsonWriter json, MessageSchema schema, ReadOnlySpan<byte> bytes, short version)
    {
        var reader = new ByteReader(bytes);
        Write(json, schema, ref reader, version);
    }

    /// <summary>As the other, leaving <paramref name="reader"/> behind the message.</summary>
    /// <exception cref="MalformedException">The bytes do not follow the schema.</exception>
    public static void Write(Utf8JsonWriter json, MessageSchema schema, ref ByteReader reader, short version)
    {
        if (!schema.Versions.Contains(version))
        {
            throw new MalformedException($"{schema.Name} has no version {version}");
        }

        JsonOut.Struct(json, schema.Body, ref reader, version, schema.Flexible.Contains(version));
    }

    /// <summary>Writes a message as it would be in <paramref name="version"/>.</summary>
    /// <exception cref="UnsupportedVersionException">The version cannot say what the message holds.</exception>
    public static void Write(Utf8JsonWriter json, IMessage message, short version)
    {
        using var writer = new ByteWriter();
        message.Write(writer, version);
        Write(json, message.Schema, writer.Written, version);
    }

    /// <summary>The text of a message, on one line.</summary>
    public static string Text(IMessage message, short version)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            Write(json, message, version);
        }

        return System.Text.Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    /// <summary>
    /// Writes the bytes of a message given as JSON. Fields not given take their defaults; names that do not exist are an error.
    /// </summary>
    /// <exception cref="JsonException">The JSON does not fit the schema or the version.</exception>
    public static void Encode(ByteWriter writer, MessageSchema schema, JsonElement json, short version)
    {
        if (!schema.Versions.Contains(version))
        {
            throw new JsonException($"{schema.Name} has no version {version}");
        }

        try
        {
            JsonIn.Struct(writer, schema.Body, json, version, schema.Flexible.Contains(version));
        }
        catch (Exception error) when (error is InvalidOperationException or FormatException)
        {
            throw new JsonException($"{schema.Name}: {error.Message}", error);
        }
    }

    /// <summary>Makes a message of JSON.</summary>
    /// <exception cref="JsonException">The JSON does not fit the schema or the version.</exception>
    public static T Decode<T>(JsonElement json, short version)
        where T : IMessage<T>
    {
        using var writer = new ByteWriter();
        Encode(writer, T.Schema, json, version);
        return MessageCodec.Decode<T>(writer.Written, version);
    }
}
