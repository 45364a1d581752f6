using Barnabas.Base;
using Barnabas.Base.Bytes;

namespace Barnabas.Messages.Wire;

/// <summary>
/// How one element of an array of primitives is read and written; implemented by empty structs, so that calls are direct.
/// </summary>
internal interface IElement<T>
{
    /// <summary>Fewest bytes of one element.</summary>
    static abstract int Least { get; }

    static abstract T Read(ref ByteReader r, bool f);

    static abstract void Write(ByteWriter w, T value, bool f);
}

internal readonly struct Int8Element : IElement<sbyte>
{
    public static int Least => 1;

    public static sbyte Read(ref ByteReader r, bool f) => r.ReadInt8();

    public static void Write(ByteWriter w, sbyte value, bool f) => w.WriteInt8(value);
}

internal readonly struct Int16Element : IElement<short>
{
    public static int Least => 2;

    public static short Read(ref ByteReader r, bool f) => r.ReadInt16();

    public static void Write(ByteWriter w, short value, bool f) => w.WriteInt16(value);
}

internal readonly struct Int32Element : IElement<int>
{
    public static int Least => 4;

    public static int Read(ref ByteReader r, bool f) => r.ReadInt32();

    public static void Write(ByteWriter w, int value, bool f) => w.WriteInt32(value);
}

internal readonly struct Int64Element : IElement<long>
{
    public static int Least => 8;

    public static long Read(ref ByteReader r, bool f) => r.ReadInt64();

    public static void Write(ByteWriter w, long value, bool f) => w.WriteInt64(value);
}

internal readonly struct UuidElement : IElement<Uuid>
{
    public static int Least => 16;

    public static Uuid Read(ref ByteReader r, bool f) => r.ReadUuid();

    public static void Write(ByteWriter w, Uuid value, bool f) => w.WriteUuid(value);
}

internal readonly struct StringElement : IElement<string>
{
    public static int Least => 1;

    public static string Read(ref ByteReader r, bool f) => Codec.ReadString(ref r, f);

    public static void Write(ByteWriter w, string value, bool f) => Codec.WriteString(w, value, f);
}

/// <summary>Arrays of primitives.</summary>
internal static class Lists
{
    /// <summary>Reads a list; null stands for the empty one.</summary>
    public static List<T>? Read<T, TElement>(ref ByteReader r, bool f)
        where TElement : IElement<T>
    {
        var list = ReadNullable<T, TElement>(ref r, f, nullable: false)!;
        return list.Count == 0 ? null : list;
    }

    public static List<T>? ReadNullable<T, TElement>(ref ByteReader r, bool f, bool nullable)
        where TElement : IElement<T>
    {
        var count = Codec.ReadCount(ref r, f, TElement.Least);
        if (count < 0)
        {
            return nullable ? null : throw new MalformedException("an array is null");
        }

        var list = new List<T>(count);
        for (var i = 0; i < count; i++)
        {
            list.Add(TElement.Read(ref r, f));
        }

        return list;
    }

    /// <summary>Writes a list; null stands for the empty one.</summary>
    public static void Write<T, TElement>(ByteWriter w, List<T>? list, bool f)
        where TElement : IElement<T>
    {
        if (list is null)
        {
            Codec.WriteCount(w, 0, f);
        }
        else
        {
            WriteNullable<T, TElement>(w, list, f, nullable: false);
        }
    }

    public static void WriteNullable<T, TElement>(ByteWriter w, List<T>? list, bool f, bool nullable)
        where TElement : IElement<T>
    {
        if (list is null)
        {
            Codec.WriteNullLength(w, f, nullable, lengthBytes: 4);
            return;
        }

        Codec.WriteCount(w, list.Count, f);
        foreach (var item in list)
        {
            TElement.Write(w, item, f);
        }
    }
}
