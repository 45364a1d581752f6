using System.Globalization;
using System.Text;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>The text of a regular expression, read from left to right. Owned by one translation.</summary>
internal sealed class PatternReader(string text)
{
    private int _at;

    public bool AtEnd => _at >= text.Length;

    /// <summary>The next character; 0 at the end.</summary>
    public char Peek => AtEnd ? '\0' : text[_at];

    public char Take() => text[_at++];

    /// <summary>Takes a whole code point.</summary>
    public int TakeRune()
    {
        if (!Rune.TryGetRuneAt(text, _at, out var rune))
        {
            _at++;
            return Rune.ReplacementChar.Value;
        }

        _at += rune.Utf16SequenceLength;
        return rune.Value;
    }

    public bool TryTake(char c)
    {
        var takes = !AtEnd && text[_at] == c;
        _at += takes ? 1 : 0;
        return takes;
    }

    public bool TryTake(string what)
    {
        var takes = string.CompareOrdinal(text, _at, what, 0, what.Length) == 0;
        _at += takes ? what.Length : 0;
        return takes;
    }

    /// <summary>Takes all before an end, and the end; all there is where it does not come.</summary>
    public string TakeUntil(string end)
    {
        var found = text.IndexOf(end, _at, StringComparison.Ordinal);
        var taken = found < 0 ? text[_at..] : text[_at..found];
        _at = found < 0 ? text.Length : found + end.Length;
        return taken;
    }

    /// <summary>As above, where the end has to come.</summary>
    public string TakeUntilRequired(char end, string otherwise)
    {
        if (text.IndexOf(end, _at) < 0)
        {
            throw new PatternException(otherwise);
        }

        return TakeUntil(end.ToString());
    }

    /// <summary>Takes an operator that repeats; null, and nothing, where there is none.</summary>
    public (int Least, int? Most)? TakeRepetition(int repeatMax)
    {
        if (Peek is '*' or '+' or '?')
        {
            var sign = Take();
            return (sign == '+' ? 1 : 0, sign == '?' ? 1 : null);
        }

        var start = _at;
        if (!TryTake('{') || TakeNumber() is not { } least)
        {
            // A brace that begins no count is a character.
            _at = start;
            return null;
        }

        int? most = least;
        if (TryTake(','))
        {
            most = Peek == '}' ? null : TakeNumber() ?? -1;
        }

        if (most == -1 || !TryTake('}'))
        {
            _at = start;
            return null;
        }

        if (least > repeatMax || most > repeatMax || least > most)
        {
            throw new PatternException("invalid repeat count");
        }

        return (least, most);
    }

    // Digits without a zero before them; a number that is too large is only that.
    private int? TakeNumber()
    {
        var start = _at;
        while (char.IsAsciiDigit(Peek))
        {
            _at++;
        }

        var digits = text[start.._at];
        if (digits.Length == 0 || (digits.Length > 1 && digits[0] == '0'))
        {
            return null;
        }

        return digits.Length > 8 ? int.MaxValue : int.Parse(digits, CultureInfo.InvariantCulture);
    }
}
