using System.Linq;
using Barnabas.Messages.Schemas;

namespace Barnabas.Messages.Generator;

/// <summary>Writes the method that reads a message or a struct: v is the version, f says whether it is flexible.</summary>
internal static class ReadEmitter
{
    /// <summary>Writes the method for <paramref name="owner"/>.</summary>
    public static void Emit(CodeWriter code, MessageSchema message, StructSchema owner, bool isMessage)
    {
        code.Line("/// <inheritdoc/>");
        code.Open($"public static {owner.Name} Read(ref ByteReader r, short v)");
        if (isMessage)
        {
            code.Line($"Codec.CheckReadable(v, LowestVersion, HighestVersion, \"{message.Name}\");");
        }

        code.Line(Flexible(message));
        code.Line($"var m = new {owner.Name}();");
        foreach (var field in owner.Fields)
        {
            var condition = Names.Condition(field.Versions, message.Versions);
            var untagged = field.Tagged.IsEmpty ? ""
                : field.Tagged.Covers(field.Versions.Intersect(message.Versions)) ? "false"
                : "!(" + Names.Flag(field.Tagged, message.Versions) + ")";
            if (untagged != "false" && condition != "false")
            {
                var both = string.Join(" && ", new[] { condition, untagged }.Where(part => part.Length > 0));
                code.Line((both.Length > 0 ? $"if ({both}) " : "") + Assign(field, message, "r", isTagged: false));
            }
        }

        if (!message.Flexible.IsEmpty)
        {
            Tags(code, message, owner);
        }

        code.Line("return m;").Close();
    }

    /// <summary>The line that declares f.</summary>
    public static string Flexible(MessageSchema message) =>
        message.Flexible.IsEmpty ? "const bool f = false;"
        : message.Flexible.Covers(message.Versions) ? "const bool f = true;"
        : $"var f = {Names.Condition(message.Flexible, message.Versions)};";

    private static void Tags(CodeWriter code, MessageSchema message, StructSchema owner)
    {
        if (!message.Flexible.Covers(message.Versions))
        {
            code.Line("if (!f) return m;");
        }

        code.Open("for (var n = Codec.ReadTagCount(ref r); n > 0; n--)");
        code.Line("var t = Codec.ReadTag(ref r, out var tag);");
        var tagged = owner.Fields.Where(field => !field.Tagged.IsEmpty).ToList();
        if (tagged.Count == 0)
        {
            code.Line("m.UnknownTags = Codec.KeepTag(m.UnknownTags, tag, t);");
        }
        else
        {
            code.Open("switch (tag)");
            foreach (var field in tagged)
            {
                var when = Names.Condition(field.Tagged, message.Versions);
                var label = $"case {field.Tag}{(when.Length > 0 ? $" when {when}" : "")}:";
                code.Line($"{label} {Assign(field, message, "t", isTagged: true)} Codec.EndTag(t, tag); break;");
            }

            code.Line("default: m.UnknownTags = Codec.KeepTag(m.UnknownTags, tag, t); break;").Close();
        }

        code.Close();
    }

    private static string Assign(FieldSchema field, MessageSchema message, string reader, bool isTagged)
    {
        var target = "m." + (Names.IsLazy(field) && field.IsArray ? Names.Backing(field) : Names.Property(field));
        return $"{target} = {Expression(field, message, reader, isTagged)};";
    }

    private static string Expression(FieldSchema field, MessageSchema message, string reader, bool isTagged)
    {
        var f = field.IsRigid ? "false" : "f";
        var element = Names.Element(field);
        var nullable = Names.Flag(field.Nullable, message.Versions);
        var least = Sizes.Element(field, message);
        if (field.IsArray)
        {
            var orNull = Names.IsNullable(field) ? "Nullable" : "";
            var tail = orNull.Length > 0 ? $", {nullable}" : "";
            return field.Kind == FieldKind.Struct
                ? $"Codec.Read{orNull}List<{element}>(ref {reader}, v, {f}, {least}{tail})"
                : $"Lists.Read{orNull}<{element}, {field.Kind}Element>(ref {reader}, {f}{tail})";
        }

        return field.Kind switch
        {
            FieldKind.Error => $"(ErrorCode){reader}.ReadInt16()",
            FieldKind.Struct when Names.IsNullable(field) =>
                $"Codec.ReadNullableStruct<{element}>(ref {reader}, v, {(isTagged ? "true" : "false")}, {nullable})",
            FieldKind.Struct => $"{element}.Read(ref {reader}, v)",
            FieldKind.String when Names.IsNullable(field) => $"Codec.ReadNullableString(ref {reader}, {f}, {nullable})",
            FieldKind.String => $"Codec.ReadString(ref {reader}, {f})",
            FieldKind.Bytes or FieldKind.Records when Names.IsNullable(field) => $"Codec.ReadNullableBytes(ref {reader}, {f}, {nullable})",
            FieldKind.Bytes or FieldKind.Records => $"Codec.ReadBytes(ref {reader}, {f})",
            _ => $"{reader}.Read{Names.Primitive(field.Kind)}()",
        };
    }
}
