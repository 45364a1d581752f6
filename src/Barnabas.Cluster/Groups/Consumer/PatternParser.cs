using System.Collections.Immutable;
using System.Text;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>
/// Reads a regular expression in the syntax of RE2/J, as far as it matters for names of topics: groups do not capture, and being greedy or
/// not makes no difference to whether a whole name matches. Owned by one reading.
/// </summary>
internal sealed class PatternParser
{
    private const int RepeatMax = 1_000;

    // What an expression may come to when its repetitions are written out, and how deep its groups may lie in each other.
    private const long SizeMax = 100_000;
    private const int DepthMax = 500;

    private static readonly (string Text, PatternAnchor Anchor)[] Anchors =
    [
        (@"\A", PatternAnchor.Start), (@"\z", PatternAnchor.End), (@"\b", PatternAnchor.WordEdge), (@"\B", PatternAnchor.NoWordEdge),
    ];

    private readonly PatternReader _in;
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private bool _ignoresCase;
    private bool _dotTakesAll;
    private bool _lines;
    private int _depth;

    private PatternParser(string expression) => _in = new PatternReader(expression);

    private static PatternNode Nothing { get; } = new PatternNode.Sequence([]);

    /// <summary>The expression, and its size when repetitions are written out.</summary>
    /// <exception cref="PatternException">It is wrong, or too large.</exception>
    public static (PatternNode Expression, long Size) Parse(string expression)
    {
        var parser = new PatternParser(expression);
        var parsed = parser.Alternatives();
        return parser._in.AtEnd ? parsed : throw new PatternException("regexp/syntax: internal error");
    }

    // Everything up to the end, or to a bracket that closes, with its size when repetitions are written out.
    private (PatternNode Node, long Size) Alternatives()
    {
        var size = 0L;
        var choices = ImmutableArray.CreateBuilder<PatternNode>();
        var parts = ImmutableArray.CreateBuilder<PatternNode>();
        while (!_in.AtEnd && _in.Peek != ')')
        {
            if (_in.TryTake('|'))
            {
                choices.Add(new PatternNode.Sequence(parts.ToImmutable()));
                parts.Clear();
                continue;
            }

            var (part, partSize) = Piece();
            parts.Add(part);
            size = Limited(size + partSize);
        }

        choices.Add(new PatternNode.Sequence(parts.ToImmutable()));
        return (choices.Count == 1 ? choices[0] : new PatternNode.Choice(choices.ToImmutable()), size);
    }

    private (PatternNode Node, long Size) Piece()
    {
        if (_in.Peek is '*' or '+' or '?')
        {
            throw new PatternException("missing argument to repetition operator");
        }

        if (_in.TryTake(@"\Q"))
        {
            return Quoted();
        }

        var (atom, size) = Atom();
        return Repeated(atom, size);
    }

    // The last character of a quotation is what a repetition behind it repeats.
    private (PatternNode Node, long Size) Quoted()
    {
        var text = _in.TakeUntil(@"\E");
        if (text.Length == 0)
        {
            return (Nothing, 0);
        }

        var parts = ImmutableArray.CreateBuilder<PatternNode>(text.Length);
        foreach (var c in text[..^1])
        {
            parts.Add(Literal(c));
        }

        var (last, size) = Repeated(Literal(text[^1]), text.Length);
        parts.Add(last);
        return (new PatternNode.Sequence(parts.ToImmutable()), size);
    }

    private (PatternNode Node, long Size) Atom()
    {
        switch (_in.Peek)
        {
            case '(':
                return Group();
            case '[':
                return (new PatternNode.One(new PatternSet(_in, _ignoresCase).Read()), 1);
            case '.':
                _in.Take();
                return (new PatternNode.One(_dotTakesAll ? PatternClass.All : ~PatternClass.Range('\n', '\n')), 1);
            case '^':
                _in.Take();
                return (new PatternNode.At(_lines ? PatternAnchor.LineStart : PatternAnchor.Start), 1);
            case '$':
                _in.Take();
                return (new PatternNode.At(_lines ? PatternAnchor.LineEnd : PatternAnchor.End), 1);
            case '\\':
                return (Escape(), 1);
            default:
                return (Literal(_in.TakeRune()), 1);
        }
    }

    private PatternNode Escape()
    {
        foreach (var (text, anchor) in Anchors)
        {
            if (_in.TryTake(text))
            {
                return new PatternNode.At(anchor);
            }
        }

        return PatternEscapes.TryTakeClass(_in) is { } set
            ? new PatternNode.One(_ignoresCase ? set.AnyCase() : set)
            : Literal(PatternEscapes.TakeCharacter(_in));
    }

    private (PatternNode Node, long Size) Group()
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
            return (Nothing, 0);
        }

        var (node, size) = Alternatives();
        if (!_in.TryTake(')'))
        {
            throw new PatternException("missing closing )");
        }

        _depth--;
        (_ignoresCase, _dotTakesAll, _lines) = flags;
        return (node, size + 1);
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

    // What may stand behind one thing: a repetition, and only one.
    private (PatternNode Node, long Size) Repeated(PatternNode node, long size)
    {
        if (_in.TakeRepetition(RepeatMax) is not { } repetition)
        {
            return (node, size);
        }

        _in.TryTake('?');
        if (_in.TakeRepetition(RepeatMax) is not null)
        {
            throw new PatternException("invalid nested repetition operator");
        }

        var times = Math.Max(1, repetition.Most ?? repetition.Least);
        return (new PatternNode.Repeat(node, repetition.Least, repetition.Most), Limited(size * times));
    }

    private static long Limited(long size) => size <= SizeMax ? size : throw new PatternException("invalid repeat count");

    private PatternNode Literal(int rune)
    {
        if (rune >= 128)
        {
            // Half of a pair is in no name.
            var units = Rune.IsValid(rune) ? char.ConvertFromUtf32(rune) : "\0";
            return new PatternNode.Sequence([.. units.Select(c => new PatternNode.One(new PatternClass(0, Other: c)))]);
        }

        var set = PatternClass.Range(rune, rune);
        return new PatternNode.One(_ignoresCase ? set.AnyCase() : set);
    }
}
