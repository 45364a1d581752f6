using System.Collections.Generic;
using System.Linq;
using Barnabas.Messages.Schemas;

namespace Barnabas.Messages.Generator;

/// <summary>Writes the method that writes a message or a struct: v is the version, f says whether it is flexible.</summary>
internal static class WriteEmitter
{
    /// <summary>Writes the method for <paramref name="owner"/>.</summary>
    public static void Emit(CodeWriter code, MessageSchema message, StructSchema owner, bool isMessage)
    {
        code.Line("/// <inheritdoc/>");
        code.Open("public void Write(ByteWriter w, short v)");
        if (isMessage)
        {
            code.Line($"Codec.CheckWritable(v, LowestVersion, HighestVersion, \"{message.Name}\");");
        }

        code.Line(ReadEmitter.Flexible(message));
        foreach (var field in owner.Fields)
        {
            Field(code, message, owner, field);
        }

        if (!message.Flexible.IsEmpty)
        {
            Tags(code, message, owner);
        }

        code.Close();
    }

    /// <summary>An expression that is true when a field has another value than its default.</summary>
    public static string IsGiven(FieldSchema field)
    {
        var property = Names.Property(field);
        if (field.DefaultsToNull)
        {
            return $"{property} is not null";
        }

        if (field.IsArray)
        {
            return Names.IsNullable(field) ? $"{property} is not {{ Count: 0 }}" : $"{Names.Backing(field)} is {{ Count: > 0 }}";
        }

        return field.Kind switch
        {
            FieldKind.Struct when Names.IsNullable(field) => $"({property} is null || !{property}.IsDefault())",
            FieldKind.Struct => $"{Names.Backing(field)} is not null && !{Names.Backing(field)}.IsDefault()",
            FieldKind.String => $"{property} != \"{field.Default}\"",
            FieldKind.Bytes or FieldKind.Records => $"{property} is not {{ Length: 0 }}",
            FieldKind.Uuid => $"{property} != default",
            FieldKind.Bool => field.Default == "true" ? $"!{property}" : property,
            FieldKind.Error => $"{property} != (ErrorCode)({(field.Default.Length > 0 ? field.Default : "0")})",
            _ => $"{property} != {(field.Default.Length > 0 ? field.Default : "0")}",
        };
    }

    private static void Field(CodeWriter code, MessageSchema message, StructSchema owner, FieldSchema field)
    {
        var inside = Names.Flag(field.Versions, message.Versions);
        var isAlwaysTagged = !field.Tagged.IsEmpty && field.Tagged.Covers(field.Versions.Intersect(message.Versions));
        var isWritten = !isAlwaysTagged && inside != "false";
        if (isWritten)
        {
            var untagged = field.Tagged.IsEmpty ? inside : $"{inside} && !({Names.Flag(field.Tagged, message.Versions)})";
            code.Line((untagged == "true" ? "" : $"if ({untagged}) ") + Statement(field, message, isTagged: false));
        }

        if (!field.IsIgnorable && inside != "true")
        {
            var otherwise = isWritten && field.Tagged.IsEmpty ? "else if (" : $"if (!({inside}) && ";
            code.Line($"{otherwise}{IsGiven(field)}) Codec.ThrowNotInVersion(\"{owner.Name}.{field.Name}\", v);");
        }
    }

    private static void Tags(CodeWriter code, MessageSchema message, StructSchema owner)
    {
        if (!message.Flexible.Covers(message.Versions))
        {
            code.Open("if (!f)");
            code.Line($"if (UnknownTags is {{ Count: > 0 }}) Codec.ThrowNotInVersion(\"{owner.Name} unknown tags\", v);");
            code.Line("return;").Close();
        }

        List<FieldSchema> tagged = owner.Fields.Where(field => !field.Tagged.IsEmpty).OrderBy(field => field.Tag).ToList();
        if (tagged.Count == 0)
        {
            code.Line("Codec.WriteUnknownTags(w, UnknownTags);");
            return;
        }

        code.Line("var n = UnknownTags is null ? 0 : UnknownTags.Count;");
        foreach (var field in tagged)
        {
            var condition = Names.Condition(field.Tagged, message.Versions);
            code.Line($"var has{field.Tag} = {(condition.Length > 0 ? condition + " && " : "")}({IsGiven(field)});");
            code.Line($"if (has{field.Tag}) n++;");
        }

        code.Line("w.WriteUVarInt((uint)n);").Line("var u = 0;").Line("var s = 0;");
        foreach (var field in tagged)
        {
            code.Open($"if (has{field.Tag})");
            code.Line($"s = Codec.BeginTag(w, UnknownTags, ref u, {field.Tag});");
            code.Line(Statement(field, message, isTagged: true));
            code.Line("w.PrefixUVarIntLength(s);").Close();
        }

        code.Line("Codec.WriteTagsBelow(w, UnknownTags, ref u, uint.MaxValue);");
    }

    private static string Statement(FieldSchema field, MessageSchema message, bool isTagged)
    {
        var f = field.IsRigid ? "false" : "f";
        var property = Names.Property(field);
        var nullable = Names.Flag(field.Nullable, message.Versions);
        if (field.IsArray)
        {
            var value = Names.IsLazy(field) ? Names.Backing(field) : property;
            var tail = Names.IsNullable(field) ? $", {nullable}" : "";
            var orNull = Names.IsNullable(field) ? "Nullable" : "";
            return field.Kind == FieldKind.Struct
                ? $"Codec.Write{orNull}List(w, {value}, v, {f}{tail});"
                : $"Lists.Write{orNull}<{Names.Element(field)}, {field.Kind}Element>(w, {value}, {f}{tail});";
        }

        return field.Kind switch
        {
            FieldKind.Error => $"w.WriteInt16((short){property});",
            FieldKind.Struct when Names.IsNullable(field) =>
                $"Codec.WriteNullableStruct(w, {property}, v, {(isTagged ? "true" : "false")}, {nullable});",
            FieldKind.Struct => $"{property}.Write(w, v);",
            FieldKind.String when Names.IsNullable(field) => $"Codec.WriteNullableString(w, {property}, {f}, {nullable});",
            FieldKind.String => $"Codec.WriteString(w, {property}, {f});",
            FieldKind.Bytes or FieldKind.Records when Names.IsNullable(field) =>
                $"Codec.WriteNullableBytes(w, {property}, {f}, {nullable});",
            FieldKind.Bytes or FieldKind.Records => $"Codec.WriteBytes(w, {property}, {f});",
            _ => $"w.Write{Names.Primitive(field.Kind)}({property});",
        };
    }
}
