using System.Diagnostics.CodeAnalysis;
using Barnabas.Base;
using Barnabas.Base.Bytes;

namespace Barnabas.Messages.Wire;

/// <summary>
/// What generated codecs are made of: lengths, nulls, structs and tags. <c>f</c> says whether the version is flexible, so whether lengths
/// are unsigned varints of length + 1 or fixed integers with -1 for null.
/// </summary>
internal static class Codec
{
    /// <summary>Elements of an array at most; Kafka 4.4 refuses more as well.</summary>
    public const int ArrayCountMax = 1_000_000;

    /// <summary>Bytes of a string at most, in every version.</summary>
    public const int StringBytesMax = short.MaxValue;

    /// <summary>Tagged fields of a struct at most; Kafka 4.4 refuses more as well.</summary>
    public const int TagCountMax = 10_000;

    /// <summary>Refuses bytes that claim a version that does not exist.</summary>
    public static void CheckReadable(short v, short lowest, short highest, string name)
    {
        if (v < lowest || v > highest)
        {
            throw new MalformedException($"{name} has no version {v}");
        }
    }

    /// <summary>Refuses to write a version that does not exist.</summary>
    public static void CheckWritable(short v, short lowest, short highest, string name)
    {
        if (v < lowest || v > highest)
        {
            throw new UnsupportedVersionException($"{name} has no version {v}");
        }
    }

    /// <summary>A field is set that the version lacks.</summary>
    [DoesNotReturn]
    public static void ThrowNotInVersion(string field, short v) => throw new UnsupportedVersionException($"{field} is not in version {v}");

    [DoesNotReturn]
    public static void ThrowNull() => throw new MalformedException("null where a value must be");

    [DoesNotReturn]
    public static void ThrowNullWritten() => throw new UnsupportedVersionException("null for what may not be null in this version");

    // ---- strings and bytes

    /// <summary>Length of a string, -1 for null. It could be more in flexible versions than in others, but Kafka takes no more.</summary>
    public static int ReadStringLength(ref ByteReader r, bool f)
    {
        if (!f)
        {
            return NotBelowNull(r.ReadInt16());
        }

        var length = ReadCompactLength(ref r);
        return length <= StringBytesMax ? length : throw new MalformedException($"a string of {length} bytes");
    }

    /// <summary>Length of bytes or records, -1 for null.</summary>
    public static int ReadBytesLength(ref ByteReader r, bool f) => f ? ReadCompactLength(ref r) : NotBelowNull(r.ReadInt32());

    public static string ReadString(ref ByteReader r, bool f)
    {
        var length = ReadStringLength(ref r, f);
        if (length < 0)
        {
            ThrowNull();
        }

        return length == 0 ? "" : r.ReadUtf8(length);
    }

    public static string? ReadNullableString(ref ByteReader r, bool f, bool nullable)
    {
        var length = ReadStringLength(ref r, f);
        if (length < 0)
        {
            return nullable ? null : throw new MalformedException("a string is null");
        }

        return length == 0 ? "" : r.ReadUtf8(length);
    }

    public static byte[] ReadBytes(ref ByteReader r, bool f)
    {
        var length = ReadBytesLength(ref r, f);
        if (length < 0)
        {
            ThrowNull();
        }

        return r.ReadSpan(length).ToArray();
    }

    public static byte[]? ReadNullableBytes(ref ByteReader r, bool f, bool nullable)
    {
        var length = ReadBytesLength(ref r, f);
        if (length < 0)
        {
            return nullable ? null : throw new MalformedException("bytes are null");
        }

        return r.ReadSpan(length).ToArray();
    }

    public static void WriteString(ByteWriter w, string value, bool f) => WriteNullableString(w, value, f, nullable: false);

    public static void WriteNullableString(ByteWriter w, string? value, bool f, bool nullable)
    {
        if (value is null)
        {
            WriteNullLength(w, f, nullable, lengthBytes: 2);
            return;
        }

        var length = System.Text.Encoding.UTF8.GetByteCount(value);
        if (length > StringBytesMax)
        {
            throw new UnsupportedVersionException($"a string of {length} bytes, over the {StringBytesMax} that one may have");
        }

        if (f)
        {
            w.WriteUVarInt((uint)length + 1);
        }
        else
        {
            w.WriteInt16((short)length);
        }

        System.Text.Encoding.UTF8.GetBytes(value, w.Take(length));
    }

    public static void WriteBytes(ByteWriter w, byte[] value, bool f) => WriteNullableBytes(w, value, f, nullable: false);

    public static void WriteNullableBytes(ByteWriter w, byte[]? value, bool f, bool nullable)
    {
        if (value is null)
        {
            WriteNullLength(w, f, nullable, lengthBytes: 4);
            return;
        }

        WriteCount(w, value.Length, f);
        w.WriteSpan(value);
    }

    // ---- arrays

    /// <summary>
    /// Count of an array, -1 for null; checked against the bytes there, of which each element takes at least <paramref name="least"/>.
    /// </summary>
    public static int ReadCount(ref ByteReader r, bool f, int least)
    {
        var count = f ? ReadCompactLength(ref r) : NotBelowNull(r.ReadInt32());
        if (count > 0 && (count > r.Remaining / least || count > ArrayCountMax))
        {
            throw new MalformedException($"an array of {count} in {r.Remaining} bytes");
        }

        return count;
    }

    /// <summary>Writes the count of an array or the length of bytes.</summary>
    public static void WriteCount(ByteWriter w, int count, bool f)
    {
        if (f)
        {
            w.WriteUVarInt((uint)count + 1);
        }
        else
        {
            w.WriteInt32(count);
        }
    }

    /// <summary>Writes null for an array, a string or bytes.</summary>
    public static void WriteNullLength(ByteWriter w, bool f, bool nullable, int lengthBytes)
    {
        if (!nullable)
        {
            ThrowNullWritten();
        }

        if (f)
        {
            w.WriteUInt8(0);
        }
        else
        {
            w.Take(lengthBytes).Fill(0xFF);
        }
    }

    /// <summary>Reads a list of structs; null stands for the empty one.</summary>
    public static List<T>? ReadList<T>(ref ByteReader r, short v, bool f, int least)
        where T : IStruct<T>
    {
        var list = ReadNullableList<T>(ref r, v, f, least, nullable: false)!;
        return list.Count == 0 ? null : list;
    }

    public static List<T>? ReadNullableList<T>(ref ByteReader r, short v, bool f, int least, bool nullable)
        where T : IStruct<T>
    {
        var count = ReadCount(ref r, f, least);
        if (count < 0)
        {
            return nullable ? null : throw new MalformedException("an array is null");
        }

        var list = new List<T>(count);
        for (var i = 0; i < count; i++)
        {
            list.Add(T.Read(ref r, v));
        }

        return list;
    }

    /// <summary>Writes a list of structs; null stands for the empty one.</summary>
    public static void WriteList<T>(ByteWriter w, List<T>? list, short v, bool f)
        where T : IStruct<T>
    {
        if (list is null)
        {
            WriteCount(w, 0, f);
        }
        else
        {
            WriteNullableList(w, list, v, f, nullable: false);
        }
    }

    public static void WriteNullableList<T>(ByteWriter w, List<T>? list, short v, bool f, bool nullable)
        where T : IStruct<T>
    {
        if (list is null)
        {
            WriteNullLength(w, f, nullable, lengthBytes: 4);
            return;
        }

        WriteCount(w, list.Count, f);
        foreach (var item in list)
        {
            item.Write(w, v);
        }
    }

    // ---- structs that may be null: a tagged one has a uvarint before it (0 for null), another an int8 (below 0 for null)

    public static T? ReadNullableStruct<T>(ref ByteReader r, short v, bool isTagged, bool nullable)
        where T : class, IStruct<T>
    {
        if (!nullable)
        {
            return T.Read(ref r, v);
        }

        return ReadPresence(ref r, isTagged) ? T.Read(ref r, v) : null;
    }

    /// <summary>True when the byte before a nullable struct says that there is one.</summary>
    public static bool ReadPresence(ref ByteReader r, bool isTagged) => isTagged ? r.ReadUVarInt() > 0 : r.ReadInt8() >= 0;

    public static void WriteNullableStruct<T>(ByteWriter w, T? value, short v, bool isTagged, bool nullable)
        where T : class, IStruct<T>
    {
        if (value is null)
        {
            if (!nullable)
            {
                ThrowNullWritten();
            }

            w.WriteInt8(isTagged ? (sbyte)0 : (sbyte)-1);
            return;
        }

        if (nullable)
        {
            w.WriteInt8(1);
        }

        value.Write(w, v);
    }

    private static int ReadCompactLength(ref ByteReader r)
    {
        var length = r.ReadUVarInt();
        return length > int.MaxValue ? throw new MalformedException("a length is over 31 bits") : (int)length - 1;
    }

    private static int NotBelowNull(int length) => length >= -1 ? length : throw new MalformedException($"a length of {length}");

    // ---- tagged fields

    /// <summary>How many tagged fields follow; each takes two bytes at least.</summary>
    public static int ReadTagCount(ref ByteReader r)
    {
        var count = r.ReadUVarInt();
        return count <= (uint)r.Remaining / 2 && count <= TagCountMax
            ? (int)count
            : throw new MalformedException($"{count} tags in {r.Remaining} bytes");
    }

    /// <summary>One tagged field: its tag, and a reader over its bytes alone.</summary>
    public static ByteReader ReadTag(scoped ref ByteReader r, out uint tag)
    {
        tag = r.ReadUVarInt();
        var size = r.ReadUVarInt();
        return size <= (uint)r.Remaining ? new ByteReader(r.ReadSpan((int)size)) : throw new MalformedException("a tag runs over the end");
    }

    /// <summary>Passes over tags of which none is known.</summary>
    public static void SkipTags(ref ByteReader r)
    {
        for (var n = ReadTagCount(ref r); n > 0; n--)
        {
            ReadTag(ref r, out _);
        }
    }

    /// <summary>Refuses a known tag that holds more than its field.</summary>
    public static void EndTag(ByteReader t, uint tag)
    {
        if (t.Remaining != 0)
        {
            throw new MalformedException($"tag {tag} has {t.Remaining} bytes left");
        }
    }

    /// <summary>Keeps a tag that is not known, in the order in which it came.</summary>
    public static List<UnknownTag> KeepTag(List<UnknownTag>? tags, uint tag, ByteReader t)
    {
        tags ??= [];
        tags.Add(new UnknownTag(tag, t.Bytes.ToArray()));
        return tags;
    }

    /// <summary>Writes all tags of a struct that has none of its own.</summary>
    public static void WriteUnknownTags(ByteWriter w, List<UnknownTag>? tags)
    {
        var next = 0;
        w.WriteUVarInt((uint)(tags?.Count ?? 0));
        WriteTagsBelow(w, tags, ref next, uint.MaxValue);
    }

    /// <summary>Begins a tagged field after the unknown ones with lower tags; returns where its bytes begin.</summary>
    public static int BeginTag(ByteWriter w, List<UnknownTag>? tags, ref int next, uint tag)
    {
        WriteTagsBelow(w, tags, ref next, tag);
        w.WriteUVarInt(tag);
        return w.Length;
    }

    /// <summary>Writes the unknown tags from <paramref name="next"/> on that are not above <paramref name="tag"/>.</summary>
    public static void WriteTagsBelow(ByteWriter w, List<UnknownTag>? tags, ref int next, uint tag)
    {
        while (tags is not null && next < tags.Count && tags[next].Tag <= tag)
        {
            w.WriteUVarInt(tags[next].Tag);
            w.WriteUVarInt((uint)tags[next].Bytes.Length);
            w.WriteSpan(tags[next].Bytes);
            next++;
        }
    }
}
