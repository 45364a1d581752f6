using System.Globalization;
using System.Text;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>
/// Reads a regular expression in the syntax of RE2/J and writes the same for .NET, as far as it matters for names of topics: groups do not
/// capture, and being greedy or not makes no difference to whether a whole name matches. Owned by one translation.
/// </summary>
internal sealed class PatternTranslator
{
    private const int RepeatMax = 1_000;

    // What an expression may come to when its repetitions are written out, and how deep its groups may lie in each other.
    private const long SizeMax = 100_000;
    private const int DepthMax = 500;

    private readonly PatternReader _in;
    private readonly StringBuilder _out = new();
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private bool _ignoresCase;
    private bool _dotTakesAll;
    private bool _lines;
    private int _depth;

    private PatternTranslator(string expression) => _in = new PatternReader(expression);

    /// <summary>The expression for .NET.</summary>
    /// <exception cref="PatternException">It is wrong, or too large.</exception>
    public static string Translate(string expression)
    {
        var translator = new PatternTranslator(expression);
        translator.Alternatives();
        return translator._in.AtEnd ? translator._out.ToString() : throw new PatternException("regexp/syntax: internal error");
    }

    // Everything up to the end, or to a bracket that closes; gives its size with repetitions written out.
    private long Alternatives()
    {
        var size = 0L;
        while (!_in.AtEnd && _in.Peek != ')')
        {
            if (_in.TryTake('|'))
            {
                _out.Append('|');
                continue;
            }

            size = Limited(size + Piece());
        }

        return size;
    }

    private long Piece()
    {
        if (_in.Peek is '*' or '+' or '?')
        {
            throw new PatternException("missing argument to repetition operator");
        }

        if (_in.TryTake(@"\Q"))
        {
            return Quoted();
        }

        var start = _out.Length;
        var size = Atom(out var hasWidth);
        return hasWidth || _out.Length > start ? Repeated(start, size) : 0;
    }

    // The last character of a quotation is what a repetition behind it repeats.
    private long Quoted()
    {
        var text = _in.TakeUntil(@"\E");
        var start = _out.Length;
        foreach (var c in text)
        {
            start = _out.Length;
            Literal(c);
        }

        return text.Length == 0 ? 0 : Repeated(start, text.Length);
    }

    private long Atom(out bool hasWidth)
    {
        hasWidth = true;
        switch (_in.Peek)
        {
            case '(':
                return Group();
            case '[':
                new PatternSet(_in, _ignoresCase).Read().AddTo(_out);
                return 1;
            case '.':
                _in.Take();
                (_dotTakesAll ? PatternClass.All : ~PatternClass.Range('\n', '\n')).AddTo(_out);
                return 1;
            case '^':
                _in.Take();
                _out.Append(_lines ? "(?m:^)" : @"\A");
                return 1;
            case '$':
                _in.Take();
                _out.Append(_lines ? "(?m:$)" : @"\z");
                return 1;
            case '\\':
                return Escape();
            default:
                Literal(_in.TakeRune());
                return 1;
        }
    }

    private long Escape()
    {
        foreach (var anchor in new[] { @"\A", @"\b", @"\B", @"\z" })
        {
            if (_in.TryTake(anchor))
            {
                _out.Append(anchor);
                return 1;
            }
        }

        if (PatternEscapes.TryTakeClass(_in) is { } set)
        {
            (_ignoresCase ? set.AnyCase() : set).AddTo(_out);
        }
        else
        {
            Literal(PatternEscapes.TakeCharacter(_in));
        }

        return 1;
    }

    private long Group()
    {
        _in.Take();
        if (++_depth > DepthMax)
        {
            throw new PatternException("expression nests too deeply");
        }

        var flags = (_ignoresCase, _dotTakesAll, _lines);
        if (_in.TryTake('?') && !OpensGroup())
        {
            // Flags alone hold for the rest of the group that they stand in.
            _depth--;
            return 0;
        }

        _out.Append("(?:");
        var size = Alternatives();
        if (!_in.TryTake(')'))
        {
            throw new PatternException("missing closing )");
        }

        _out.Append(')');
        _depth--;
        (_ignoresCase, _dotTakesAll, _lines) = flags;
        return size + 1;
    }

    // Behind "(?": a name, or flags with or without a group.
    private bool OpensGroup()
    {
        if (_in.TryTake("P<") || _in.TryTake('<'))
        {
            var name = _in.TakeUntilRequired('>', "invalid named capture");
            if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            {
                throw new PatternException("invalid named capture");
            }

            return _names.Add(name) ? true : throw new PatternException("duplicate capture group name");
        }

        var (isOn, isEmpty) = (true, true);
        while (!_in.AtEnd)
        {
            switch (_in.Take())
            {
                case 'i':
                    (_ignoresCase, isEmpty) = (isOn, false);
                    break;
                case 's':
                    (_dotTakesAll, isEmpty) = (isOn, false);
                    break;
                case 'm':
                    (_lines, isEmpty) = (isOn, false);
                    break;
                case 'U':
                    isEmpty = false;
                    break;
                case '-' when isOn:
                    (isOn, isEmpty) = (false, true);
                    break;
                case ':' when isOn || !isEmpty:
                    return true;
                case ')' when isOn || !isEmpty:
                    return false;
                default:
                    throw new PatternException("invalid or unsupported Perl syntax");
            }
        }

        throw new PatternException("invalid or unsupported Perl syntax");
    }

    // What stands from there on is one thing that may be repeated, once.
    private long Repeated(int start, long size)
    {
        if (_in.TakeRepetition(RepeatMax) is not { } repetition)
        {
            return size;
        }

        _in.TryTake('?');
        if (_in.TakeRepetition(RepeatMax) is not null)
        {
            throw new PatternException("invalid nested repetition operator");
        }

        _out.Insert(start, "(?:").Append(')').Append(repetition.Text);
        return Limited(size * Math.Max(1, repetition.Most));
    }

    private static long Limited(long size) => size <= SizeMax ? size : throw new PatternException("invalid repeat count");

    private void Literal(int rune)
    {
        if (rune >= 128)
        {
            default(PatternClass).AddTo(_out);
        }
        else if (_ignoresCase)
        {
            PatternClass.Range(rune, rune).AnyCase().AddTo(_out);
        }
        else
        {
            _out.Append(CultureInfo.InvariantCulture, $@"\x{rune:x2}");
        }
    }
}
