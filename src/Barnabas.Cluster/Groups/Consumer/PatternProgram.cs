namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>
/// A regular expression with its repetitions written out, as steps that are followed all at once: a name costs at most its length times the
/// number of steps, whatever the expression. Owned by one matching.
/// </summary>
internal sealed class PatternProgram
{
    private const int Split = -1, Anchor = -2, Accept = -3;

    // Of each step: a set of characters by its index, or what kind of step it is; and where it goes on, at one or two places.
    private readonly List<(int Kind, int Next, int Other)> _steps = [];
    private readonly List<PatternClass> _sets = [];
    private readonly Stack<int> _pending = new();
    private readonly int[] _seen;
    private List<int> _now = [], _then = [];
    private int _round;

    /// <summary>Writes an expression out.</summary>
    public PatternProgram(PatternNode expression)
    {
        var accept = Add(Accept, 0, 0);
        Start = Write(expression, accept);
        _seen = new int[_steps.Count];
    }

    /// <summary>How many steps there are.</summary>
    public int Size => _steps.Count;

    private int Start { get; }

    /// <summary>True when the whole name matches.</summary>
    public bool Matches(string name)
    {
        _now.Clear();
        Begin();
        Follow(_now, Start, name, 0);
        for (var at = 0; at < name.Length && _now.Count > 0; at++)
        {
            _then.Clear();
            Begin();
            foreach (var step in _now)
            {
                var (kind, next, _) = _steps[step];
                if (kind >= 0 && _sets[kind].Has(name[at]))
                {
                    Follow(_then, next, name, at + 1);
                }
            }

            (_now, _then) = (_then, _now);
        }

        return _now.Exists(step => _steps[step].Kind == Accept);
    }

    private void Begin()
    {
        if (++_round == int.MaxValue)
        {
            Array.Clear(_seen);
            _round = 1;
        }
    }

    // Adds the steps that take a character, or accept, that are reached from one without a character.
    private void Follow(List<int> steps, int from, string name, int at)
    {
        _pending.Push(from);
        while (_pending.TryPop(out var step))
        {
            if (_seen[step] == _round)
            {
                continue;
            }

            _seen[step] = _round;
            var (kind, next, other) = _steps[step];
            switch (kind)
            {
                case Split:
                    _pending.Push(other);
                    _pending.Push(next);
                    break;
                case Anchor:
                    if (IsAt((PatternAnchor)other, name, at))
                    {
                        _pending.Push(next);
                    }

                    break;
                default:
                    steps.Add(step);
                    break;
            }
        }
    }

    private static bool IsAt(PatternAnchor anchor, string name, int at)
    {
        var isEdge = IsWord(name, at - 1) != IsWord(name, at);
        return anchor switch
        {
            PatternAnchor.Start => at == 0,
            PatternAnchor.End => at == name.Length,
            PatternAnchor.LineStart => at == 0 || name[at - 1] == '\n',
            PatternAnchor.LineEnd => at == name.Length || name[at] == '\n',
            PatternAnchor.WordEdge => isEdge,
            _ => !isEdge,
        };
    }

    private static bool IsWord(string name, int at) => at >= 0 && at < name.Length && PatternClass.Words.Has(name[at]);

    private int Add(int kind, int next, int other)
    {
        _steps.Add((kind, next, other));
        return _steps.Count - 1;
    }

    // Written from the end, so that each step knows where it goes on; gives the step that it begins with. Expressions do not nest deeply.
    private int Write(PatternNode node, int next)
    {
        switch (node)
        {
            case PatternNode.One one:
                _sets.Add(one.Set);
                return Add(_sets.Count - 1, next, 0);
            case PatternNode.At at:
                return Add(Anchor, next, (int)at.Anchor);
            case PatternNode.Sequence sequence:
                for (var i = sequence.Parts.Length - 1; i >= 0; i--)
                {
                    next = Write(sequence.Parts[i], next);
                }

                return next;
            case PatternNode.Choice choice:
                var first = Write(choice.Parts[^1], next);
                for (var i = choice.Parts.Length - 2; i >= 0; i--)
                {
                    first = Add(Split, Write(choice.Parts[i], next), first);
                }

                return first;
            default:
                return WriteRepeat((PatternNode.Repeat)node, next);
        }
    }

    private int WriteRepeat(PatternNode.Repeat repeat, int next)
    {
        var least = repeat.Least;
        if (repeat.Most is not { } most)
        {
            // The last one that has to be there is the one that comes again.
            var again = Add(Split, 0, next);
            var part = Write(repeat.Part, again);
            _steps[again] = (Split, part, next);
            (next, least) = least > 0 ? (part, least - 1) : (again, 0);
        }
        else
        {
            // Each one that may be there stands before the next, and any may be the last.
            var end = next;
            for (var i = least; i < most; i++)
            {
                next = Add(Split, Write(repeat.Part, next), end);
            }
        }

        for (var i = 0; i < least; i++)
        {
            next = Write(repeat.Part, next);
        }

        return next;
    }
}
