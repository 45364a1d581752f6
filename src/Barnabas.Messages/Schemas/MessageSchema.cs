using System;
using System.Collections.Generic;

namespace Barnabas.Messages.Schemas;

/// <summary>What a field holds, apart from being an array of it.</summary>
public enum FieldKind : byte
{
    Bool,
    Int8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    Float64,

    /// <summary>An int16 on the wire, one of <c>ErrorCode</c> in code.</summary>
    Error,
    Uuid,
    String,
    Bytes,

    /// <summary>Record batches, as bytes.</summary>
    Records,
    Struct,
}

/// <summary>What a message is for.</summary>
public enum MessageSide : byte
{
    Request,
    Response,

    /// <summary>Headers, records, and what is stored in files.</summary>
    Other,
}

/// <summary>One field of a message or of a struct in it. Immutable once parsed.</summary>
public sealed class FieldSchema
{
    /// <summary>The name in lower camel case, as in the JSON form.</summary>
    public string Name { get; set; } = "";

    /// <summary>What one value is.</summary>
    public FieldKind Kind { get; set; }

    /// <summary>True for an array of such values.</summary>
    public bool IsArray { get; set; }

    /// <summary>Name of the struct when the kind is <see cref="FieldKind.Struct"/>.</summary>
    public string StructName { get; set; } = "";

    /// <summary>The struct when the kind is <see cref="FieldKind.Struct"/>.</summary>
    public StructSchema? Struct { get; set; }

    /// <summary>Versions that know the field.</summary>
    public VersionRange Versions { get; set; }

    /// <summary>Versions in which it may be null.</summary>
    public VersionRange Nullable { get; set; } = VersionRange.None;

    /// <summary>Versions in which it is a tagged field, left out when it has its default.</summary>
    public VersionRange Tagged { get; set; } = VersionRange.None;

    /// <summary>The tag where it is one.</summary>
    public int Tag { get; set; } = -1;

    /// <summary>The default as the schema spells it, "" where it is the zero of its kind.</summary>
    public string Default { get; set; } = "";

    /// <summary>True when a version that lacks the field silently drops its value.</summary>
    public bool IsIgnorable { get; set; }

    /// <summary>True for a field that keeps the old encoding in flexible versions.</summary>
    public bool IsRigid { get; set; }

    /// <summary>The comment lines before it, in one.</summary>
    public string Doc { get; set; } = "";

    /// <summary>True when null stands for "not given".</summary>
    public bool DefaultsToNull => Default == "null" || (Kind == FieldKind.Records && !IsArray);
}

/// <summary>The fields of a message or of a struct in it, in the order of the wire.</summary>
public sealed class StructSchema
{
    /// <summary>The name of its class.</summary>
    public string Name { get; set; } = "";

    /// <summary>The comment lines before it, in one.</summary>
    public string Doc { get; set; } = "";

    /// <summary>Its fields in the order of the wire.</summary>
    public List<FieldSchema> Fields { get; } = new List<FieldSchema>();
}

/// <summary>One message: a request, a response, a header, a record, or what a file holds. Immutable once parsed.</summary>
public sealed class MessageSchema
{
    /// <summary>The name of its class.</summary>
    public string Name => Body.Name;

    /// <summary>What it is for.</summary>
    public MessageSide Side { get; set; } = MessageSide.Other;

    /// <summary>API key of a request or response, record type of a record, else -1.</summary>
    public short Key { get; set; } = -1;

    /// <summary>All its versions.</summary>
    public VersionRange Versions { get; set; }

    /// <summary>The versions with compact lengths and tagged fields.</summary>
    public VersionRange Flexible { get; set; } = VersionRange.None;

    /// <summary>The versions that a server does not offer unless told to.</summary>
    public VersionRange Unstable { get; set; } = VersionRange.None;

    /// <summary>Its own fields.</summary>
    public StructSchema Body { get; } = new StructSchema();

    /// <summary>Every struct below it, each once.</summary>
    public List<StructSchema> Structs { get; } = new List<StructSchema>();

    /// <summary>Parses the lines of exactly one message.</summary>
    public static MessageSchema Parse(string text) => SchemaParser.Parse(text).Messages[0];
}

/// <summary>One schema file: an API with its two messages, or messages of one family.</summary>
public sealed class SchemaFile
{
    /// <summary>The comment lines at its head, in one.</summary>
    public string Doc { get; set; } = "";

    /// <summary>Name of the API, "" for a file of other messages.</summary>
    public string ApiName { get; set; } = "";

    /// <summary>Key of the API.</summary>
    public short ApiKey { get; set; } = -1;

    /// <summary>Where the API is served: "broker", "controller".</summary>
    public List<string> Listeners { get; } = new List<string>();

    /// <summary>Name of the family that numbers these records, "" for none.</summary>
    public string Family { get; set; } = "";

    /// <summary>The messages in the order of the file.</summary>
    public List<MessageSchema> Messages { get; } = new List<MessageSchema>();
}

/// <summary>A schema that does not follow the language.</summary>
public sealed class SchemaException : Exception
{
    /// <summary>Says which line (from 1) is wrong and why.</summary>
    public SchemaException(int line, string reason)
        : base($"line {line}: {reason}") => Line = line;

    /// <summary>The line, from 1.</summary>
    public int Line { get; }
}
