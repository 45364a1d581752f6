using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>
/// A subscription by regular expression, in the syntax of RE2/J. It is translated for an engine that never goes back, so that matching
/// costs the length of the name and no expression can make it cost more. Immutable, for any thread.
/// </summary>
public sealed class TopicPattern
{
    private readonly Regex? _regex;

    private TopicPattern(Regex? regex) => _regex = regex;

    /// <summary>What is wrong with the expression, in the words of RE2/J; null for nothing.</summary>
    public static string? Mistake(string expression)
    {
        try
        {
            _ = PatternTranslator.Translate(expression);
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
            var translated = PatternTranslator.Translate(expression);
            return new TopicPattern(new Regex($@"\A(?:{translated})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant));
        }
        catch (Exception e) when (e is PatternException or NotSupportedException or ArgumentException)
        {
            return new TopicPattern(null);
        }
    }

    /// <summary>The names that match as a whole, in the order given.</summary>
    public ImmutableArray<string> Match(IEnumerable<string> names) => _regex is null ? [] : [.. names.Where(name => _regex.IsMatch(name))];
}

/// <summary>A regular expression is wrong. Never leaves <see cref="TopicPattern"/>.</summary>
internal sealed class PatternException(string message) : Exception(message);
