using System.Text.Unicode;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages.Schemas;

namespace Barnabas.Messages.Wire;

/// <summary>
/// Passes over a message by its schema and allocates nothing: what it passes, the generated reader accepts. Bytes of strangers are
/// walked first, so that a malformed frame is refused before a single object is made of it.
/// </summary>
internal static class MessageWalk
{
    /// <summary>Moves <paramref name="r"/> behind the message.</summary>
    /// <exception cref="MalformedException">The bytes do not follow the schema, or the version does not exist.</exception>
    public static void Pass(MessageSchema message, ref ByteReader r, short v)
    {
        Codec.CheckReadable(v, message.Versions.Lowest, message.Versions.Highest, message.Name);
        Struct(message.Body, ref r, v, message.Flexible.Contains(v));
    }

    private static void Struct(StructSchema schema, ref ByteReader r, short v, bool f)
    {
        var fields = schema.Fields;
        for (var i = 0; i < fields.Count; i++)
        {
            var field = fields[i];
            if (field.Versions.Contains(v) && !field.Tagged.Contains(v))
            {
                Field(field, ref r, v, f, isTagged: false);
            }
        }

        if (f)
        {
            Tags(schema, ref r, v);
        }
    }

    private static void Tags(StructSchema schema, ref ByteReader r, short v)
    {
        for (var n = Codec.ReadTagCount(ref r); n > 0; n--)
        {
            var t = Codec.ReadTag(ref r, out var tag);
            foreach (var field in schema.Fields)
            {
                if (field.Tag == tag && field.Tagged.Contains(v))
                {
                    Field(field, ref t, v, true, isTagged: true);
                    Codec.EndTag(t, tag);
                    break;
                }
            }
        }
    }

    private static void Field(FieldSchema field, ref ByteReader r, short v, bool f, bool isTagged)
    {
        f = f && !field.IsRigid;
        if (!field.IsArray)
        {
            if (field.Kind == FieldKind.Struct && field.Nullable.Contains(v) && !Codec.ReadPresence(ref r, isTagged))
            {
                return;
            }

            Value(field, ref r, v, f, field.Nullable.Contains(v));
            return;
        }

        var count = Codec.ReadCount(ref r, f, least: 1);
        if (count < 0 && !field.Nullable.Contains(v))
        {
            Codec.ThrowNull();
        }

        var size = FixedSize(field.Kind);
        if (size > 0)
        {
            PassFixed(ref r, Math.Max(count, 0), size);
            return;
        }

        for (var i = 0; i < count; i++)
        {
            Value(field, ref r, v, f, nullable: false);
        }
    }

    private static void Value(FieldSchema field, ref ByteReader r, short v, bool f, bool nullable)
    {
        switch (field.Kind)
        {
            case FieldKind.Struct:
                Struct(field.Struct!, ref r, v, f);
                break;
            case FieldKind.String:
                var length = Codec.ReadStringLength(ref r, f);
                CheckNull(length, nullable);
                if (length > 0 && !Utf8.IsValid(r.ReadSpan(length)))
                {
                    throw new MalformedException("a string is not UTF-8");
                }

                break;
            case FieldKind.Bytes or FieldKind.Records:
                length = Codec.ReadBytesLength(ref r, f);
                CheckNull(length, nullable);
                r.Skip(Math.Max(length, 0));
                break;
            default:
                r.Skip(FixedSize(field.Kind));
                break;
        }
    }

    private static void PassFixed(ref ByteReader r, int count, int size)
    {
        if (count > r.Remaining / size)
        {
            throw new MalformedException($"an array of {count} in {r.Remaining} bytes");
        }

        r.Skip(count * size);
    }

    private static void CheckNull(int length, bool nullable)
    {
        if (length < 0 && !nullable)
        {
            Codec.ThrowNull();
        }
    }

    private static int FixedSize(FieldKind kind) => kind switch
    {
        FieldKind.Bool or FieldKind.Int8 => 1,
        FieldKind.Int16 or FieldKind.UInt16 or FieldKind.Error => 2,
        FieldKind.Int32 or FieldKind.UInt32 => 4,
        FieldKind.Int64 or FieldKind.Float64 => 8,
        FieldKind.Uuid => 16,
        _ => 0,
    };
}
