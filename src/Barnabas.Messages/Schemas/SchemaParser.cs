using System;
using System.Collections.Generic;

namespace Barnabas.Messages.Schemas;

/// <summary>
/// Parses the schema language of docs/internals/wire.md. The same source is compiled into the generator, which makes classes of what it
/// reads, and into the messages, which describe themselves with it at run time (JSON form, checks before decoding, tests).
/// </summary>
internal sealed class SchemaParser
{
    private readonly SchemaFile _file = new SchemaFile();
    private readonly List<StructSchema> _open = new List<StructSchema>();
    private string _doc = "";
    private int _line;

    private SchemaParser()
    {
    }

    /// <summary>Parses one file, or the part of one that has whole messages.</summary>
    /// <exception cref="SchemaException">The text does not follow the language.</exception>
    public static SchemaFile Parse(string text)
    {
        var parser = new SchemaParser();
        foreach (var line in text.Split('\n'))
        {
            parser._line++;
            parser.Line(line.TrimEnd());
        }

        foreach (var message in parser._file.Messages)
        {
            parser.Link(message);
        }

        return parser._file;
    }

    private void Line(string line)
    {
        var text = line.TrimStart();
        if (text.Length == 0)
        {
            if (_file.Doc.Length == 0 && _file.Messages.Count == 0)
            {
                _file.Doc = _doc;
            }

            _doc = "";
            return;
        }

        if (text[0] == '#')
        {
            _doc += (_doc.Length > 0 ? " " : "") + text.Substring(1).Trim();
            return;
        }

        var words = text.Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries);
        var depth = (line.Length - text.Length) / 2;
        if (depth == 0)
        {
            Head(words);
        }
        else if (depth > _open.Count)
        {
            throw Wrong("indented too far");
        }
        else
        {
            _open.RemoveRange(depth, _open.Count - depth);
            Member(words);
        }

        _doc = "";
    }

    private void Head(string[] words)
    {
        switch (words[0])
        {
            case "api":
                _file.ApiName = words[1];
                _file.ApiKey = short.Parse(words[2]);
                _file.Listeners.AddRange(new ArraySegment<string>(words, 3, words.Length - 3));
                break;
            case "family":
                _file.Family = words[1];
                break;
            case "request":
                Message(_file.ApiName + "Request", MessageSide.Request, words, 1);
                break;
            case "response":
                Message(_file.ApiName + "Response", MessageSide.Response, words, 1);
                break;
            case "message":
                Message(words[1], MessageSide.Other, words, 2);
                break;
            default:
                throw Wrong($"unknown word {words[0]}");
        }
    }

    private void Message(string name, MessageSide side, string[] words, int at)
    {
        var message = new MessageSchema { Side = side, Key = _file.ApiKey, Versions = Versions(words[at]) };
        message.Body.Name = name;
        message.Body.Doc = _doc;
        for (var i = at + 1; i < words.Length; i += 2)
        {
            switch (words[i])
            {
                case "flexible":
                    message.Flexible = Versions(Value(words, i));
                    break;
                case "unstable":
                    message.Unstable = Versions(Value(words, i));
                    break;
                case "key" or "type":
                    message.Key = short.Parse(Value(words, i));
                    break;
                default:
                    throw Wrong($"unknown word {words[i]}");
            }
        }

        _file.Messages.Add(message);
        _open.Clear();
        _open.Add(message.Body);
    }

    private void Member(string[] words)
    {
        if (words[0] == "struct" && words.Length == 2)
        {
            _open.Add(Declare(words[1]));
            return;
        }

        if (words.Length < 3)
        {
            throw Wrong("a field needs name, type and versions");
        }

        var isArray = words[1].StartsWith("[]", StringComparison.Ordinal);
        var type = isArray ? words[1].Substring(2) : words[1];
        var field = new FieldSchema { Name = words[0], IsArray = isArray, Kind = Kind(type), Versions = Versions(words[2]), Doc = _doc };
        Attributes(field, words);
        _open[_open.Count - 1].Fields.Add(field);
        if (field.Kind == FieldKind.Struct)
        {
            field.StructName = type;
            _open.Add(new StructSchema { Name = type });   // becomes a declaration with its first field
            field.Struct = _open[_open.Count - 1];
        }
    }

    private void Attributes(FieldSchema field, string[] words)
    {
        for (var i = 3; i < words.Length; i++)
        {
            switch (words[i])
            {
                case "nullable":
                    field.Nullable = OptionalVersions(words, ref i, field.Versions);
                    break;
                case "default":
                    field.Default = Value(words, i++);
                    break;
                case "tag":
                    field.Tag = int.Parse(Value(words, i++));
                    field.Tagged = OptionalVersions(words, ref i, field.Versions);
                    break;
                case "ignorable":
                    field.IsIgnorable = true;
                    break;
                case "rigid":
                    field.IsRigid = true;
                    break;
                default:
                    throw Wrong($"unknown word {words[i]}");
            }
        }
    }

    private StructSchema Declare(string name)
    {
        var declared = new StructSchema { Name = name, Doc = _doc };
        _file.Messages[_file.Messages.Count - 1].Structs.Add(declared);
        return declared;
    }

    /// <summary>Gives each field its struct: the fields below it, or what the message declared under that name.</summary>
    private void Link(MessageSchema message)
    {
        var byName = new Dictionary<string, StructSchema>(StringComparer.Ordinal);
        foreach (var declared in message.Structs.ToArray())
        {
            byName.Add(declared.Name, declared);
        }

        Collect(message, message.Body, byName);
        foreach (var declared in message.Structs.ToArray())
        {
            Collect(message, declared, byName);
        }

        Resolve(message.Body, byName);
        foreach (var declared in message.Structs)
        {
            Resolve(declared, byName);
        }
    }

    private void Collect(MessageSchema message, StructSchema owner, Dictionary<string, StructSchema> byName)
    {
        foreach (var field in owner.Fields)
        {
            if (field.Struct is { Fields.Count: > 0 } inline && !byName.ContainsKey(inline.Name))
            {
                byName.Add(inline.Name, inline);
                message.Structs.Add(inline);
                Collect(message, inline, byName);
            }
        }
    }

    private void Resolve(StructSchema owner, Dictionary<string, StructSchema> byName)
    {
        foreach (var field in owner.Fields)
        {
            if (field.Kind == FieldKind.Struct)
            {
                field.Struct = byName.TryGetValue(field.StructName, out var found)
                    ? found
                    : throw new SchemaException(_line, $"{owner.Name}.{field.Name}: no struct {field.StructName}");
            }
        }
    }

    private VersionRange OptionalVersions(string[] words, ref int i, VersionRange otherwise) =>
        i + 1 < words.Length && char.IsDigit(words[i + 1][0]) ? Versions(words[++i]) : otherwise;

    private string Value(string[] words, int i) => i + 1 < words.Length ? words[i + 1] : throw Wrong($"{words[i]} needs a value");

    private VersionRange Versions(string text) =>
        char.IsDigit(text[0]) ? VersionRange.Parse(text) : throw Wrong($"{text} is no version range");

    private static FieldKind Kind(string type) => type switch
    {
        "bool" => FieldKind.Bool,
        "int8" => FieldKind.Int8,
        "int16" => FieldKind.Int16,
        "uint16" => FieldKind.UInt16,
        "int32" => FieldKind.Int32,
        "uint32" => FieldKind.UInt32,
        "int64" => FieldKind.Int64,
        "float64" => FieldKind.Float64,
        "error" => FieldKind.Error,
        "uuid" => FieldKind.Uuid,
        "string" => FieldKind.String,
        "bytes" => FieldKind.Bytes,
        "records" => FieldKind.Records,
        _ => FieldKind.Struct,
    };

    private SchemaException Wrong(string reason) => new SchemaException(_line, reason);
}
