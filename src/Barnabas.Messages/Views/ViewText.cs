using System.Text.Unicode;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages.Wire;

namespace Barnabas.Messages.Views;

/// <summary>Strings and bytes as spans over the frame.</summary>
internal static class ViewText
{
    /// <summary>A string's UTF-8; null and empty are told apart by <paramref name="isNull"/>.</summary>
    public static ReadOnlySpan<byte> ReadNullable(scoped ref ByteReader r, bool f, out bool isNull)
    {
        var length = Codec.ReadStringLength(ref r, f);
        isNull = length < 0;
        var text = r.ReadSpan(Math.Max(length, 0));
        return Utf8.IsValid(text) ? text : throw new MalformedException("a string is not UTF-8");
    }

    /// <summary>A string's UTF-8, which may not be null.</summary>
    public static ReadOnlySpan<byte> Read(scoped ref ByteReader r, bool f)
    {
        var text = ReadNullable(ref r, f, out var isNull);
        if (isNull)
        {
            Codec.ThrowNull();
        }

        return text;
    }

    /// <summary>Count of an array that may not be null.</summary>
    public static int ReadCount(scoped ref ByteReader r, bool f, int least)
    {
        var count = Codec.ReadCount(ref r, f, least);
        if (count < 0)
        {
            Codec.ThrowNull();
        }

        return count;
    }

    /// <summary>Passes over the tags of a struct that knows none, in flexible versions.</summary>
    public static void SkipTags(scoped ref ByteReader r, bool f)
    {
        if (f)
        {
            Codec.SkipTags(ref r);
        }
    }
}
