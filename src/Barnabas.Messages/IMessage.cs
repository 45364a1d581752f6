using Barnabas.Base.Bytes;
using Barnabas.Messages.Schemas;

namespace Barnabas.Messages;

/// <summary>A message of the Kafka protocol or of Kafka's files: its class is generated from a schema.</summary>
public interface IMessage
{
    /// <summary>Name, key, versions and fields.</summary>
    MessageSchema Schema { get; }

    /// <summary>Writes the body alone, without header and length.</summary>
    /// <exception cref="UnsupportedVersionException">
    /// The version does not exist, or lacks a field that is set and must not be dropped.
    /// </exception>
    void Write(ByteWriter writer, short version);
}

/// <summary>As <see cref="IMessage"/>, for code that is generic over the message.</summary>
public interface IMessage<TSelf> : IMessage
    where TSelf : IMessage<TSelf>
{
    /// <summary>Name, key, versions and fields.</summary>
    static new abstract MessageSchema Schema { get; }

    /// <summary>
    /// Reads the body alone. Every length is checked against the bytes there; bytes of strangers go through
    /// <see cref="MessageCodec.Decode{T}"/>, which looks at all of them before it allocates.
    /// </summary>
    /// <exception cref="Barnabas.Base.MalformedException">The bytes do not follow the schema, or the version does not exist.</exception>
    static abstract TSelf Read(ref ByteReader reader, short version);
}

/// <summary>A struct inside of a message.</summary>
public interface IStruct<TSelf>
    where TSelf : IStruct<TSelf>
{
    /// <summary>Reads it with its message's version.</summary>
    static abstract TSelf Read(ref ByteReader reader, short version);

    /// <summary>Writes it with its message's version.</summary>
    void Write(ByteWriter writer, short version);
}

/// <summary>A tagged field that the schema does not know, kept to be written back.</summary>
public readonly record struct UnknownTag(uint Tag, byte[] Bytes);

/// <summary>A message cannot be written in this version: our own side asked for what the version cannot say.</summary>
public sealed class UnsupportedVersionException(string message) : Exception(message);
