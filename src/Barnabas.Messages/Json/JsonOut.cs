using System.Text;
using System.Text.Json;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages.Schemas;
using Barnabas.Messages.Wire;

namespace Barnabas.Messages.Json;

/// <summary>From bytes to JSON, field by field along the schema.</summary>
internal static class JsonOut
{
    public static void Struct(Utf8JsonWriter json, StructSchema schema, ref ByteReader r, short v, bool f)
    {
        json.WriteStartObject();
        foreach (var field in schema.Fields)
        {
            if (field.Versions.Contains(v) && !field.Tagged.Contains(v))
            {
                json.WritePropertyName(field.Name);
                Field(json, field, ref r, v, f, isTagged: false);
            }
        }

        if (f)
        {
            Tags(json, schema, ref r, v);
        }

        json.WriteEndObject();
    }

    private static void Tags(Utf8JsonWriter json, StructSchema schema, ref ByteReader r, short v)
    {
        List<UnknownTag>? unknown = null;
        for (var n = Codec.ReadTagCount(ref r); n > 0; n--)
        {
            var t = Codec.ReadTag(ref r, out var tag);
            var field = schema.Fields.Find(field => field.Tag == tag && field.Tagged.Contains(v));
            if (field is null)
            {
                unknown = Codec.KeepTag(unknown, tag, t);
                continue;
            }

            json.WritePropertyName(field.Name);
            Field(json, field, ref t, v, f: true, isTagged: true);
            Codec.EndTag(t, tag);
        }

        if (unknown is not null)
        {
            json.WriteStartArray(MessageJson.UnknownTags);
            foreach (var (tag, bytes) in unknown)
            {
                json.WriteStartObject();
                json.WriteNumber("tag", tag);
                json.WriteBase64String("data", bytes);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }
    }

    private static void Field(Utf8JsonWriter json, FieldSchema field, ref ByteReader r, short v, bool f, bool isTagged)
    {
        f = f && !field.IsRigid;
        if (!field.IsArray)
        {
            if (field.Kind == FieldKind.Struct && field.Nullable.Contains(v) && !Codec.ReadPresence(ref r, isTagged))
            {
                json.WriteNullValue();
            }
            else
            {
                Value(json, field, ref r, v, f);
            }

            return;
        }

        var count = Codec.ReadCount(ref r, f, least: 1);
        if (count < 0)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartArray();
        for (var i = 0; i < count; i++)
        {
            Value(json, field, ref r, v, f);
        }

        json.WriteEndArray();
    }

    private static void Value(Utf8JsonWriter json, FieldSchema field, ref ByteReader r, short v, bool f)
    {
        switch (field.Kind)
        {
            case FieldKind.Struct:
                Struct(json, field.Struct!, ref r, v, f);
                break;
            case FieldKind.String:
                Text(json, ref r, Codec.ReadStringLength(ref r, f));
                break;
            case FieldKind.Bytes or FieldKind.Records:
                Bytes(json, ref r, Codec.ReadBytesLength(ref r, f));
                break;
            case FieldKind.Uuid:
                json.WriteStringValue(r.ReadUuid().ToString());
                break;
            case FieldKind.Bool:
                json.WriteBooleanValue(r.ReadBool());
                break;
            case FieldKind.Float64:
                Float(json, r.ReadFloat64());
                break;
            default:
                json.WriteNumberValue(Integer(field.Kind, ref r));
                break;
        }
    }

    private static long Integer(FieldKind kind, ref ByteReader r) => kind switch
    {
        FieldKind.Int8 => r.ReadInt8(),
        FieldKind.Int16 or FieldKind.Error => r.ReadInt16(),
        FieldKind.UInt16 => r.ReadUInt16(),
        FieldKind.Int32 => r.ReadInt32(),
        FieldKind.UInt32 => r.ReadUInt32(),
        _ => r.ReadInt64(),
    };

    private static void Text(Utf8JsonWriter json, ref ByteReader r, int length)
    {
        if (length < 0)
        {
            json.WriteNullValue();
        }
        else
        {
            json.WriteStringValue(r.ReadUtf8(length));
        }
    }

    private static void Bytes(Utf8JsonWriter json, ref ByteReader r, int length)
    {
        if (length < 0)
        {
            json.WriteNullValue();
        }
        else
        {
            json.WriteBase64StringValue(r.ReadSpan(length));
        }
    }

    private static void Float(Utf8JsonWriter json, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumberValue(value);
        }
        else
        {
            json.WriteStringValue(value.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}
