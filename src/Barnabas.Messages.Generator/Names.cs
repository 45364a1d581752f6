using Barnabas.Messages.Schemas;

namespace Barnabas.Messages.Generator;

/// <summary>How schema things are spelled in C#.</summary>
internal static class Names
{
    /// <summary>The property of a field.</summary>
    public static string Property(FieldSchema field) => char.ToUpperInvariant(field.Name[0]) + field.Name.Substring(1);

    /// <summary>The field behind a property that makes its value on first use.</summary>
    public static string Backing(FieldSchema field) => "_" + field.Name;

    /// <summary>True when the property can be null.</summary>
    public static bool IsNullable(FieldSchema field) => !field.Nullable.IsEmpty || field.DefaultsToNull;

    /// <summary>True when the property makes its value on first use.</summary>
    public static bool IsLazy(FieldSchema field) => !IsNullable(field) && (field.IsArray || field.Kind == FieldKind.Struct);

    /// <summary>The type of one element.</summary>
    public static string Element(FieldSchema field) => field.Kind switch
    {
        FieldKind.Bool => "bool",
        FieldKind.Int8 => "sbyte",
        FieldKind.Int16 => "short",
        FieldKind.UInt16 => "ushort",
        FieldKind.Int32 => "int",
        FieldKind.UInt32 => "uint",
        FieldKind.Int64 => "long",
        FieldKind.Float64 => "double",
        FieldKind.Error => "ErrorCode",
        FieldKind.Uuid => "Uuid",
        FieldKind.String => "string",
        FieldKind.Bytes or FieldKind.Records => "byte[]",
        _ => field.StructName,
    };

    /// <summary>The type of the property.</summary>
    public static string Type(FieldSchema field) =>
        (field.IsArray ? $"List<{Element(field)}>" : Element(field)) + (IsNullable(field) ? "?" : "");

    /// <summary>The part of a reader's or writer's method name that stands for a kind of fixed size; "" for other kinds.</summary>
    public static string Primitive(FieldKind kind) => kind switch
    {
        FieldKind.Error => "Int16",
        FieldKind.String or FieldKind.Bytes or FieldKind.Records or FieldKind.Struct => "",
        _ => kind.ToString(),
    };

    /// <summary>A condition on <c>v</c> that holds in the range, "" when it always holds within <paramref name="whole"/>.</summary>
    public static string Condition(VersionRange range, VersionRange whole)
    {
        if (range.Covers(whole))
        {
            return "";
        }

        if (range.Intersect(whole).IsEmpty)
        {
            return "false";
        }

        if (range.Lowest == range.Highest)
        {
            return $"v == {range.Lowest}";
        }

        return range.Highest >= whole.Highest ? $"v >= {range.Lowest}"
            : range.Lowest <= whole.Lowest ? $"v <= {range.Highest}"
            : $"v is >= {range.Lowest} and <= {range.Highest}";
    }

    /// <summary>As <see cref="Condition"/>, with "true" instead of nothing.</summary>
    public static string Flag(VersionRange range, VersionRange whole)
    {
        var condition = Condition(range, whole);
        return condition.Length == 0 ? "true" : condition;
    }

    /// <summary>The default of a string or number as C#, "" for the zero of its type.</summary>
    public static string Default(FieldSchema field) =>
        field.Kind == FieldKind.String ? "\"" + field.Default + "\""
        : field.Kind is FieldKind.Error && field.Default.Length > 0 ? $"(ErrorCode)({field.Default})"
        : field.Kind is FieldKind.Bytes or FieldKind.Records or FieldKind.Struct or FieldKind.Uuid ? ""
        : field.Default;

    /// <summary>A text inside of quotes.</summary>
    public static string Escape(string text) => text.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");
}
