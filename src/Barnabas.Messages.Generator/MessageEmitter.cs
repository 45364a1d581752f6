using System.Linq;
using Barnabas.Messages.Schemas;

namespace Barnabas.Messages.Generator;

/// <summary>Writes the class of one message with the classes of its structs inside.</summary>
internal sealed class MessageEmitter
{
    private readonly CodeWriter _code;
    private readonly MessageSchema _message;

    private MessageEmitter(CodeWriter code, MessageSchema message)
    {
        _code = code;
        _message = message;
    }

    /// <summary>Writes the class of <paramref name="message"/>; <paramref name="doc"/> is what its file says about it.</summary>
    public static void Emit(CodeWriter code, MessageSchema message, string doc) => new MessageEmitter(code, message).Message(doc);

    private void Message(string doc)
    {
        var name = _message.Name;
        _code.Doc(_message.Body.Doc.Length > 0 ? _message.Body.Doc : doc);
        _code.Open($"public sealed class {name} : IMessage<{name}>");
        _code.Summary("Lowest version.").Line($"public const short LowestVersion = {_message.Versions.Lowest};").Line();
        _code.Summary("Highest version.").Line($"public const short HighestVersion = {_message.Versions.Highest};").Line();
        if (_message.Key >= 0)
        {
            var number = _message.Side == MessageSide.Other ? "public const short RecordType = " + _message.Key
                : $"public const ApiKey Api = ApiKey.{name.Substring(0, name.Length - _message.Side.ToString().Length)}";
            _code.Line("/// <summary>The number that stands for it.</summary>").Line(number + ";").Line();
        }

        _code.Line("private static MessageSchema? _schema;").Line();
        Members(_message.Body);
        _code.Line("/// <inheritdoc/>").Line("public static MessageSchema Schema => _schema ??= MessageSchema.Parse(SchemaText);").Line();
        _code.Line("/// <inheritdoc/>").Line("MessageSchema IMessage.Schema => Schema;").Line();
        _code.Line($"private const string SchemaText = \"{Names.Escape(Generator.SchemaText.Of(_message))}\";").Line();
        Codec(_message.Body, isMessage: true);
        foreach (var declared in _message.Structs)
        {
            _code.Line().Doc(declared.Doc);
            _code.Open($"public sealed class {declared.Name} : IStruct<{declared.Name}>");
            Members(declared);
            Codec(declared, isMessage: false);
            _code.Close();
        }

        _code.Close();
    }

    private void Members(StructSchema owner)
    {
        foreach (var field in owner.Fields)
        {
            var type = Names.Type(field);
            var property = Names.Property(field);
            if (Names.IsLazy(field))
            {
                _code.Line($"private {type}? {Names.Backing(field)};").Doc(field.Doc);
                var backing = Names.Backing(field);
                _code.Line($"public {type} {property} {{ get => {backing} ??= new(); set => {backing} = value; }}");
            }
            else
            {
                _code.Doc(field.Doc);
                _code.Line($"public {type} {property} {{ get; set; }}{Initializer(field)}");
            }

            _code.Line();
        }

        if (!_message.Flexible.IsEmpty)
        {
            _code.Summary("Tagged fields that the schema does not know, in ascending order of their tags; null for none.");
            _code.Line("public List<UnknownTag>? UnknownTags { get; set; }").Line();
        }
    }

    private void Codec(StructSchema owner, bool isMessage)
    {
        ReadEmitter.Emit(_code, _message, owner, isMessage);
        _code.Line();
        WriteEmitter.Emit(_code, _message, owner, isMessage);
        if (!isMessage && NeedsDefaultCheck(owner))
        {
            _code.Line();
            var parts = owner.Fields.Select(field => $"!({WriteEmitter.IsGiven(field)})").ToList();
            parts.AddRange(_message.Flexible.IsEmpty ? new string[0] : new[] { "UnknownTags is null" });
            _code.Line("internal bool IsDefault() =>");
            _code.Line("    " + string.Join(" && ", parts) + ";");
        }
    }

    private bool NeedsDefaultCheck(StructSchema owner) =>
        _message.Structs.Append(_message.Body).SelectMany(other => other.Fields)
            .Any(field => field.Struct == owner && !field.IsArray && !field.DefaultsToNull);

    private static string Initializer(FieldSchema field)
    {
        if (field.DefaultsToNull)
        {
            return "";
        }

        if (field.IsArray || field.Kind is FieldKind.Bytes)
        {
            return " = [];";
        }

        var value = Names.Default(field);
        return field.Kind == FieldKind.Struct ? " = new();" : value.Length == 0 ? "" : $" = {value};";
    }
}
