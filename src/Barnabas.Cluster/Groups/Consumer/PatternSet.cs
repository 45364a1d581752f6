namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>Reads a set in brackets. For one set.</summary>
internal sealed class PatternSet(PatternReader reader, bool ignoresCase)
{
    /// <summary>Reads from the bracket that opens to the one that closes.</summary>
    public PatternClass Read()
    {
        reader.Take();
        var isNegated = reader.TryTake('^');
        var set = default(PatternClass);
        for (var isFirst = true; isFirst || reader.Peek != ']'; isFirst = false)
        {
            if (reader.AtEnd)
            {
                throw Unclosed();
            }

            set |= Item(isFirst);
            if (reader.AtEnd)
            {
                throw Unclosed();
            }
        }

        reader.Take();
        set = ignoresCase ? set.AnyCase() : set;
        return isNegated ? ~set : set;
    }

    private PatternClass Item(bool isFirst)
    {
        if (reader.TryTake("[:"))
        {
            var isNegated = reader.TryTake('^');
            var name = reader.TakeUntilRequired(']', "missing closing ]");
            var posix = (name.EndsWith(':') ? PatternClass.Posix(name[..^1]) : null) ?? throw Wrong();
            return isNegated ? ~posix : posix;
        }

        if (reader.Peek == '\\' && PatternEscapes.TryTakeClass(reader) is { } named)
        {
            return named;
        }

        if (reader.Peek == '-' && !isFirst)
        {
            // A minus stands for itself at either end of the set only.
            reader.Take();
            return reader.Peek == ']' ? PatternClass.Range('-', '-') : throw Wrong();
        }

        var low = Character();
        var high = low;
        if (reader.TryTake('-'))
        {
            if (reader.Peek == ']')
            {
                return PatternClass.Range(low, low) | PatternClass.Range('-', '-');
            }

            high = reader.AtEnd ? throw Unclosed() : Character();
        }

        return high < low ? throw Wrong() : PatternClass.Range(low, high);
    }

    private int Character() => reader.Peek == '\\' ? PatternEscapes.TakeCharacter(reader) : reader.TakeRune();

    private static PatternException Unclosed() => new("missing closing ]");

    private static PatternException Wrong() => new("invalid character class range");
}
