using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages.Wire;

namespace Barnabas.Messages;

/// <summary>Whole messages to and from bytes.</summary>
public static class MessageCodec
{
    /// <summary>
    /// Up to so many bytes are read without looking at all of them first: a byte becomes 45 bytes of objects at most (an empty list that
    /// may be null) and 8 more for each list that is open around it, so what malformed bytes of this size can cost stays below 64 KiB.
    /// </summary>
    internal const int TrustedBytes = 512;

    /// <summary>
    /// Reads one message from bytes that are not trusted: more than a few are looked at before anything is allocated, so that malformed
    /// bytes cost little. Bytes after the message are left alone, as Kafka does.
    /// </summary>
    /// <exception cref="MalformedException">The bytes do not follow the schema, or the version does not exist.</exception>
    public static T Decode<T>(ReadOnlySpan<byte> bytes, short version)
        where T : IMessage<T>
    {
        if (bytes.Length > TrustedBytes)
        {
            var walk = new ByteReader(bytes);
            MessageWalk.Pass(T.Schema, ref walk, version);
        }

        var reader = new ByteReader(bytes);
        return T.Read(ref reader, version);
    }

    /// <summary>The bytes of a message alone, without header and length.</summary>
    /// <exception cref="UnsupportedVersionException">The version cannot say what the message holds.</exception>
    public static byte[] Encode(IMessage message, short version)
    {
        using var writer = new ByteWriter();
        message.Write(writer, version);
        return writer.Written.ToArray();
    }
}
