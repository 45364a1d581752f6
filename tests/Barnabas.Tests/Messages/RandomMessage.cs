using System.Text;
using Barnabas.Base.Bytes;
using Barnabas.Messages.Schemas;
using Barnabas.Messages.Wire;

namespace Barnabas.Tests.Messages;

/// <summary>Makes random messages by their schema, straight as bytes: edges of numbers, odd strings, nulls, tags, short arrays.</summary>
/// <param name="random">Where chance comes from.</param>
/// <param name="arrayMax">Elements of an outer array at most; inner ones have fewer.</param>
internal sealed class RandomMessage(Random random, int arrayMax = 3)
{
    private static readonly string[] Pieces = ["a", "topic-", "é", "\"", "\\", "\n", "日本", "🐘", "0", " ", "\u0001"];

    /// <summary>The bytes of one message.</summary>
    public byte[] Next(MessageSchema schema, short version)
    {
        using var writer = new ByteWriter();
        Struct(writer, schema.Body, version, schema.Flexible.Contains(version), depth: 0);
        return writer.Written.ToArray();
    }

    private void Struct(ByteWriter w, StructSchema schema, short v, bool f, int depth)
    {
        foreach (var field in schema.Fields)
        {
            if (field.Versions.Contains(v) && !field.Tagged.Contains(v))
            {
                Field(w, field, v, f, depth, isTagged: false);
            }
        }

        if (!f)
        {
            return;
        }

        var tagged = schema.Fields.Where(field => field.Tagged.Contains(v) && random.Next(2) == 0).OrderBy(field => field.Tag).ToList();
        w.WriteUVarInt((uint)tagged.Count);
        foreach (var field in tagged)
        {
            w.WriteUVarInt((uint)field.Tag);
            var start = w.Length;
            Field(w, field, v, f, depth, isTagged: true);
            w.PrefixUVarIntLength(start);
        }
    }

    private void Field(ByteWriter w, FieldSchema field, short v, bool f, int depth, bool isTagged)
    {
        f = f && !field.IsRigid;
        var nullable = field.Nullable.Contains(v);
        var isNull = nullable && random.Next(5) == 0;
        var isStruct = field.Kind == FieldKind.Struct && !field.IsArray;
        if (isNull && isStruct)
        {
            w.WriteInt8(isTagged ? (sbyte)0 : (sbyte)-1);
        }
        else if (isNull)
        {
            Codec.WriteNullLength(w, f, nullable, field.Kind == FieldKind.String && !field.IsArray ? 2 : 4);
        }
        else if (field.IsArray)
        {
            var count = random.Next(depth > 2 ? 2 : depth > 0 ? 4 : arrayMax + 1);
            Codec.WriteCount(w, count, f);
            for (var i = 0; i < count; i++)
            {
                Value(w, field, v, f, depth + 1);
            }
        }
        else
        {
            if (isStruct && nullable)
            {
                w.WriteInt8(1);
            }

            Value(w, field, v, f, depth + 1);
        }
    }

    private void Value(ByteWriter w, FieldSchema field, short v, bool f, int depth)
    {
        switch (field.Kind)
        {
            case FieldKind.Struct:
                Struct(w, field.Struct!, v, f, depth);
                break;
            case FieldKind.String:
                Codec.WriteString(w, Text(), f);
                break;
            case FieldKind.Bytes or FieldKind.Records:
                var bytes = new byte[random.Next(8) == 0 ? random.Next(300) : random.Next(8)];
                random.NextBytes(bytes);
                Codec.WriteBytes(w, bytes, f);
                break;
            case FieldKind.Bool:
                w.WriteBool(random.Next(2) == 0);
                break;
            case FieldKind.Float64:
                w.WriteFloat64(random.Next(-1000, 1000) + 0.5);
                break;
            case FieldKind.Uuid:
                random.NextBytes(w.Take(16));
                break;
            case FieldKind.Int8:
                w.WriteInt8((sbyte)Number());
                break;
            case FieldKind.Int16 or FieldKind.UInt16 or FieldKind.Error:
                w.WriteInt16((short)Number());
                break;
            case FieldKind.Int32 or FieldKind.UInt32:
                w.WriteInt32((int)Number());
                break;
            default:
                w.WriteInt64(Number());
                break;
        }
    }

    private long Number() => random.Next(6) switch
    {
        0 => 0,
        1 => -1,
        2 => long.MaxValue,
        3 => long.MinValue,
        4 => random.Next(1000),
        _ => random.NextInt64(),
    };

    private string Text()
    {
        var text = new StringBuilder();
        for (var left = random.Next(20) == 0 ? random.Next(200) : random.Next(5); left > 0; left--)
        {
            text.Append(Pieces[random.Next(Pieces.Length)]);
        }

        return text.ToString();
    }
}
