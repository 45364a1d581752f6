using System;
using Barnabas.Messages.Schemas;

namespace Barnabas.Messages.Generator;

/// <summary>
/// The fewest bytes that a value can take, over all versions of its message: bounds the count of an array before it is believed.
/// </summary>
internal static class Sizes
{
    /// <summary>Fewest bytes of one element of <paramref name="field"/>, at least 1.</summary>
    public static int Element(FieldSchema field, MessageSchema message)
    {
        var fewest = int.MaxValue;
        for (var version = message.Versions.Lowest; version <= message.Versions.Highest; version++)
        {
            if (field.Versions.Contains(version))
            {
                fewest = Math.Min(fewest, Value(field, message, version));
            }
        }

        return Math.Max(1, fewest == int.MaxValue ? 1 : fewest);
    }

    private static int Value(FieldSchema field, MessageSchema message, short version)
    {
        var flexible = message.Flexible.Contains(version);
        return field.Kind switch
        {
            FieldKind.Bool or FieldKind.Int8 => 1,
            FieldKind.Int16 or FieldKind.UInt16 or FieldKind.Error => 2,
            FieldKind.Int32 or FieldKind.UInt32 => 4,
            FieldKind.Int64 or FieldKind.Float64 => 8,
            FieldKind.Uuid => 16,
            FieldKind.String => flexible ? 1 : 2,
            FieldKind.Bytes or FieldKind.Records => flexible ? 1 : 4,
            _ => Struct(field.Struct!, message, version),
        };
    }

    private static int Struct(StructSchema schema, MessageSchema message, short version)
    {
        var flexible = message.Flexible.Contains(version);
        var bytes = flexible ? 1 : 0;
        foreach (var field in schema.Fields)
        {
            if (field.Versions.Contains(version) && !field.Tagged.Contains(version))
            {
                bytes += field.IsArray ? (flexible ? 1 : 4)
                    : field.Kind == FieldKind.Struct && field.Nullable.Contains(version) ? 1
                    : Value(field, message, version);
            }
        }

        return bytes;
    }
}
