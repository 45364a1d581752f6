namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>What stands behind a backslash in a regular expression of RE2/J. Stateless.</summary>
internal static class PatternEscapes
{
    private const int LargestRune = 0x10FFFF;

    /// <summary>Takes a class such as <c>\d</c> or <c>\p{Greek}</c>; null, and nothing, where something else stands.</summary>
    public static PatternClass? TryTakeClass(PatternReader reader)
    {
        foreach (var (name, set) in new[] { ('d', PatternClass.Digits), ('s', PatternClass.Spaces), ('w', PatternClass.Words) })
        {
            if (reader.TryTake($@"\{name}"))
            {
                return set;
            }

            if (reader.TryTake($@"\{char.ToUpperInvariant(name)}"))
            {
                return ~set;
            }
        }

        if (reader.TryTake(@"\p"))
        {
            return Named(reader, isNegated: false);
        }

        return reader.TryTake(@"\P") ? Named(reader, isNegated: true) : null;
    }

    /// <summary>Takes a character that is written with a backslash.</summary>
    public static int TakeCharacter(PatternReader reader)
    {
        reader.Take();
        if (reader.AtEnd)
        {
            throw new PatternException("trailing backslash at end of expression");
        }

        var c = reader.TakeRune();
        switch (c)
        {
            case >= '1' and <= '7' when reader.Peek is < '0' or > '7':
                throw Invalid();
            case >= '0' and <= '7':
                return Octal(reader, c - '0');
            case 'x':
                return Hexadecimal(reader);
            case 'a':
                return '\a';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'v':
                return '\v';
            default:
                // Every sign may be taken for itself, but not every letter.
                return c < 128 && !char.IsAsciiLetterOrDigit((char)c) ? c : throw Invalid();
        }
    }

    private static PatternException Invalid() => new("invalid escape sequence");

    private static PatternClass Named(PatternReader reader, bool isNegated)
    {
        if (reader.AtEnd)
        {
            throw new PatternException("invalid character class range");
        }

        var name = reader.TryTake('{')
            ? reader.TakeUntilRequired('}', "invalid character class range")
            : char.ConvertFromUtf32(reader.TakeRune());
        if (name.StartsWith('^'))
        {
            isNegated = !isNegated;
            name = name[1..];
        }

        var set = PatternClass.Unicode(name) ?? throw new PatternException("invalid character class range");
        return isNegated ? ~set : set;
    }

    private static int Octal(PatternReader reader, int value)
    {
        for (var i = 0; i < 2 && reader.Peek is >= '0' and <= '7'; i++)
        {
            value = (value * 8) + reader.Take() - '0';
        }

        return value;
    }

    private static int Hexadecimal(PatternReader reader)
    {
        if (!reader.TryTake('{'))
        {
            var high = Digit(reader);
            return (high * 16) + Digit(reader);
        }

        var value = Digit(reader);
        while (!reader.TryTake('}'))
        {
            value = (value * 16) + Digit(reader);
            if (value > LargestRune)
            {
                throw Invalid();
            }
        }

        return value;
    }

    private static int Digit(PatternReader reader) =>
        !reader.AtEnd && char.IsAsciiHexDigit(reader.Peek) ? Convert.ToInt32(reader.Take().ToString(), 16) : throw Invalid();
}
