using System.Text;
using Barnabas.Messages.Schemas;

namespace Barnabas.Messages.Generator;

/// <summary>Writes a message back in the schema language without comments, for its class to describe itself with.</summary>
internal static class SchemaText
{
    /// <summary>The lines of one message.</summary>
    public static string Of(MessageSchema message)
    {
        var text = new StringBuilder($"message {message.Name} {message.Versions}");
        Append(text, " flexible ", message.Flexible);
        Append(text, " unstable ", message.Unstable);
        if (message.Key >= 0)
        {
            text.Append($" key {message.Key}");
        }

        text.Append('\n');
        foreach (var declared in message.Structs)
        {
            text.Append($"  struct {declared.Name}\n");
            Fields(text, declared, "    ");
        }

        Fields(text, message.Body, "  ");
        return text.ToString();
    }

    private static void Fields(StringBuilder text, StructSchema owner, string indent)
    {
        foreach (var field in owner.Fields)
        {
            var type = field.Kind == FieldKind.Struct ? field.StructName : field.Kind.ToString().ToLowerInvariant();
            text.Append($"{indent}{field.Name} {(field.IsArray ? "[]" : "")}{type} {field.Versions}");
            Append(text, " nullable ", field.Nullable);
            text.Append(field.Default.Length > 0 ? $" default {field.Default}" : "");
            Append(text, $" tag {field.Tag} ", field.Tagged);
            text.Append(field.IsIgnorable ? " ignorable" : "").Append(field.IsRigid ? " rigid" : "").Append('\n');
        }
    }

    private static void Append(StringBuilder text, string word, VersionRange range)
    {
        if (!range.IsEmpty)
        {
            text.Append(word).Append(range);
        }
    }
}
