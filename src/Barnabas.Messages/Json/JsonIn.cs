using System.Globalization;
using System.Text.Json;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages.Schemas;
using Barnabas.Messages.Wire;

namespace Barnabas.Messages.Json;

/// <summary>From JSON to bytes, field by field along the schema.</summary>
internal static class JsonIn
{
    public static void Struct(ByteWriter w, StructSchema schema, JsonElement json, short v, bool f)
    {
        CheckNames(schema, json, v);
        foreach (var field in schema.Fields)
        {
            if (field.Versions.Contains(v) && !field.Tagged.Contains(v))
            {
                Field(w, field, Given(json, field), v, f, isTagged: false);
            }
        }

        if (f)
        {
            Tags(w, schema, json, v);
        }
    }

    private static void CheckNames(StructSchema schema, JsonElement json, short v)
    {
        if (json.ValueKind == JsonValueKind.Undefined)
        {
            return;
        }

        foreach (var property in json.EnumerateObject())
        {
            var field = schema.Fields.Find(field => field.Name == property.Name);
            if (field is null && property.Name != MessageJson.UnknownTags)
            {
                throw new JsonException($"{schema.Name} has no field {property.Name}");
            }

            if (field is { IsIgnorable: false } && !field.Versions.Contains(v))
            {
                throw new JsonException($"{schema.Name}.{field.Name} is not in version {v}");
            }
        }
    }

    private static JsonElement Given(JsonElement json, FieldSchema field) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(field.Name, out var given) ? given : default;

    private static void Tags(ByteWriter w, StructSchema schema, JsonElement json, short v)
    {
        var tags = new SortedDictionary<uint, byte[]>();
        using var bytes = new ByteWriter();
        foreach (var field in schema.Fields)
        {
            if (field.Tagged.Contains(v) && Given(json, field) is { ValueKind: not JsonValueKind.Undefined } given)
            {
                bytes.Reset();
                Field(bytes, field, given, v, f: true, isTagged: true);
                var value = bytes.Written.ToArray();
                bytes.Reset();
                Field(bytes, field, default, v, f: true, isTagged: true);
                if (!bytes.Written.SequenceEqual(value))
                {
                    tags.Add((uint)field.Tag, value);
                }
            }
        }

        if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty(MessageJson.UnknownTags, out var unknown))
        {
            foreach (var item in unknown.EnumerateArray())
            {
                tags[item.GetProperty("tag").GetUInt32()] = item.GetProperty("data").GetBytesFromBase64();
            }
        }

        w.WriteUVarInt((uint)tags.Count);
        foreach (var (tag, value) in tags)
        {
            w.WriteUVarInt(tag);
            w.WriteUVarInt((uint)value.Length);
            w.WriteSpan(value);
        }
    }

    /// <summary>Writes a field; an undefined element stands for its default.</summary>
    private static void Field(ByteWriter w, FieldSchema field, JsonElement given, short v, bool f, bool isTagged)
    {
        f = f && !field.IsRigid;
        var nullable = field.Nullable.Contains(v);
        if (given.ValueKind == JsonValueKind.Null || (given.ValueKind == JsonValueKind.Undefined && field.DefaultsToNull))
        {
            Null(w, field, f, nullable, isTagged);
        }
        else if (field.IsArray)
        {
            Codec.WriteCount(w, given.ValueKind == JsonValueKind.Undefined ? 0 : given.GetArrayLength(), f);
            for (var i = 0; given.ValueKind != JsonValueKind.Undefined && i < given.GetArrayLength(); i++)
            {
                Value(w, field, given[i], v, f);
            }
        }
        else
        {
            if (field.Kind == FieldKind.Struct && nullable)
            {
                w.WriteInt8(1);
            }

            Value(w, field, given, v, f);
        }
    }

    private static void Null(ByteWriter w, FieldSchema field, bool f, bool nullable, bool isTagged)
    {
        if (!nullable)
        {
            throw new JsonException($"{field.Name} may not be null in this version");
        }

        if (field.Kind == FieldKind.Struct && !field.IsArray)
        {
            w.WriteInt8(isTagged ? (sbyte)0 : (sbyte)-1);
        }
        else
        {
            Codec.WriteNullLength(w, f, nullable, field.Kind == FieldKind.String && !field.IsArray ? 2 : 4);
        }
    }

    private static void Value(ByteWriter w, FieldSchema field, JsonElement given, short v, bool f)
    {
        var isGiven = given.ValueKind != JsonValueKind.Undefined;
        switch (field.Kind)
        {
            case FieldKind.Struct:
                Struct(w, field.Struct!, given, v, f);
                break;
            case FieldKind.String:
                Codec.WriteString(w, isGiven ? given.GetString()! : field.Default, f);
                break;
            case FieldKind.Bytes or FieldKind.Records:
                Codec.WriteBytes(w, isGiven ? given.GetBytesFromBase64() : [], f);
                break;
            case FieldKind.Uuid:
                w.WriteUuid(!isGiven ? Uuid.Zero : Uuid.TryParse(given.GetString()!, out var id) ? id : throw new JsonException("no uuid"));
                break;
            case FieldKind.Bool:
                w.WriteBool(isGiven ? given.GetBoolean() : field.Default == "true");
                break;
            case FieldKind.Float64:
                w.WriteFloat64(!isGiven ? Number(field) : given.ValueKind == JsonValueKind.String
                    ? double.Parse(given.GetString()!, CultureInfo.InvariantCulture) : given.GetDouble());
                break;
            default:
                Integer(w, field.Kind, isGiven ? given.GetInt64() : Number(field), field.Name);
                break;
        }
    }

    private static long Number(FieldSchema field) =>
        field.Default.Length == 0 ? 0 : long.Parse(field.Default, CultureInfo.InvariantCulture);

    private static void Integer(ByteWriter w, FieldKind kind, long value, string name)
    {
        try
        {
            switch (kind)
            {
                case FieldKind.Int8:
                    w.WriteInt8(checked((sbyte)value));
                    break;
                case FieldKind.Int16 or FieldKind.Error:
                    w.WriteInt16(checked((short)value));
                    break;
                case FieldKind.UInt16:
                    w.WriteUInt16(checked((ushort)value));
                    break;
                case FieldKind.Int32:
                    w.WriteInt32(checked((int)value));
                    break;
                case FieldKind.UInt32:
                    w.WriteUInt32(checked((uint)value));
                    break;
                default:
                    w.WriteInt64(value);
                    break;
            }
        }
        catch (OverflowException)
        {
            throw new JsonException($"{name}: {value} is no {kind}");
        }
    }
}
