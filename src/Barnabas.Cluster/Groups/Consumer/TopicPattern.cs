using System.Collections.Immutable;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>
/// A subscription by regular expression, in the syntax of RE2/J. All ways through it are followed at once (<see cref="PatternProgram"/>),
/// so that a name costs its length times the size of the expression at most, and no expression can make it cost more. Immutable.
/// </summary>
public sealed class TopicPattern
{
    private readonly PatternNode? _expression;

    private TopicPattern(PatternNode? expression, long size) => (_expression, Size) = (expression, size);

    /// <summary>What a character of a name costs at most, in steps.</summary>
    public long Size { get; }

    /// <summary>What is wrong with the expression, in the words of RE2/J; null for nothing.</summary>
    public static string? Mistake(string expression)
    {
        try
        {
            _ = PatternParser.Parse(expression);
            return null;
        }
        catch (PatternException e)
        {
            return e.Message;
        }
    }

    /// <summary>The expression, ready to match; one that is wrong, from another broker's record, matches nothing.</summary>
    public static TopicPattern Of(string expression)
    {
        try
        {
            var (node, size) = PatternParser.Parse(expression);
            return new TopicPattern(node, size);
        }
        catch (PatternException)
        {
            return new TopicPattern(null, 0);
        }
    }

    /// <summary>The names that match as a whole, in the order given.</summary>
    public ImmutableArray<string> Match(IEnumerable<string> names) => [.. names.Where(Matcher().Invoke)];

    /// <summary>Says of one name after the other whether it matches as a whole. For one thread.</summary>
    public Predicate<string> Matcher()
    {
        PatternProgram? program = null;
        return name => _expression is not null && (program ??= new PatternProgram(_expression)).Matches(name);
    }
}

/// <summary>A regular expression is wrong. Never leaves <see cref="TopicPattern"/>.</summary>
internal sealed class PatternException(string message) : Exception(message);
