using System.Text.RegularExpressions;
using Barnabas.Cluster.Groups.Consumer;
using Xunit;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>Regular expressions of subscriptions: what RE2/J 1.8 took and refused, and what matches.</summary>
public sealed class TopicPatternTests
{
    [Theory]
    [InlineData("[", "missing closing ]")]
    [InlineData("[a", "missing closing ]")]
    [InlineData("(", "missing closing )")]
    [InlineData("(a", "missing closing )")]
    [InlineData("a)", "regexp/syntax: internal error")]
    [InlineData("a{1,2000}", "invalid repeat count")]
    [InlineData("x{1001}", "invalid repeat count")]
    [InlineData("a{3,2}", "invalid repeat count")]
    [InlineData("(?=a)", "invalid or unsupported Perl syntax")]
    [InlineData("(?>a)", "invalid or unsupported Perl syntax")]
    [InlineData("(?#c)", "invalid or unsupported Perl syntax")]
    [InlineData("(?i", "invalid or unsupported Perl syntax")]
    [InlineData("(?x)a", "invalid or unsupported Perl syntax")]
    [InlineData("a**", "invalid nested repetition operator")]
    [InlineData("a++", "invalid nested repetition operator")]
    [InlineData("a{2}{3}", "invalid nested repetition operator")]
    [InlineData("*a", "missing argument to repetition operator")]
    [InlineData("[b-a]", "invalid character class range")]
    [InlineData(@"\p{IsGreek}", "invalid character class range")]
    [InlineData(@"\p{Foo}", "invalid character class range")]
    [InlineData("[[:foo:]]", "invalid character class range")]
    [InlineData(@"\", "trailing backslash at end of expression")]
    [InlineData("(?P<n>a)(?P<n>b)", "duplicate capture group name")]
    public void What_RE2J_refuses_is_refused_in_its_words(string pattern, string mistake) =>
        Assert.Equal(mistake, TopicPattern.Mistake(pattern));

    [Fact]
    public void Escapes_that_RE2J_does_not_know_are_refused()
    {
        foreach (var escape in "1 8 C Z h R X G e cA u0041 k<n> y".Split(' '))
        {
            Assert.Equal("invalid escape sequence", TopicPattern.Mistake('\\' + escape));
        }
    }

    [Theory]
    [InlineData("a|b", "a b")]
    [InlineData("a.*", "a ab a-1 a.b")]
    [InlineData("(?P<n>a)", "a")]
    [InlineData("(?<n>a)b?", "a ab")]
    [InlineData(@"\pN", "7")]
    [InlineData(@"\p{Greek}", "")]
    [InlineData(@"\PN", "a b _ A")]
    [InlineData("(?i)A", "a A")]
    [InlineData("(?i:A)b", "ab")]
    [InlineData("[[:alpha:]]", "a b A")]
    [InlineData("[^[:alpha:]]", "_ 7")]
    [InlineData(@"\Qa.b\E", "a.b")]
    [InlineData(@"a\z", "a")]
    [InlineData(@"\Aa", "a")]
    [InlineData(@"\ba\b", "a")]
    [InlineData("^a$", "a")]
    [InlineData(@"\x61", "a")]
    [InlineData(@"\x{61}", "a")]
    [InlineData(@"\141", "a")]
    [InlineData("[a&&b]", "a b")]
    [InlineData("(?U)a+?", "a")]
    [InlineData("(?s).", "a b _ 7 A")]
    [InlineData("(?-i)a", "a")]
    [InlineData(@"[\d]", "7")]
    [InlineData(@"\pL", "a b A")]
    [InlineData(@"\p{Lu}", "A")]
    [InlineData("a{,3}", "")]
    [InlineData("{", "")]
    [InlineData("a{", "")]
    [InlineData("a|", "a")]
    [InlineData("", "")]
    [InlineData("(|a)b", "b ab")]
    [InlineData(@"a\-1", "a-1")]
    [InlineData("a[.-]\\w", "a-1 a.b")]
    [InlineData("a{1,2}[^-]b", "a.b")]
    [InlineData(@"\_", "_")]
    [InlineData("é", "")]
    public void What_RE2J_takes_matches_whole_names(string pattern, string matched)
    {
        string[] names = ["a", "b", "ab", "a-1", "a.b", "_", "7", "A"];
        Assert.Null(TopicPattern.Mistake(pattern));
        Assert.Equal(matched, string.Join(' ', TopicPattern.Of(pattern).Match(names)));
    }

    [Theory]
    [InlineData("a{0,1000}")]
    [InlineData("(a{1,100}){1,10}")]
    [InlineData("((((((((((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+")]
    [InlineData("(a?){1000}a{248}")]
    [InlineData("(a|a)*(a|a)*(a|a)*")]
    [InlineData("(a*)*(a*)*(a*){2,}")]
    [InlineData("(a{1,4}b?){60,200}")]
    [InlineData("(.?.?.?){500}")]
    [InlineData("((a{1,10}){1,10}){1,10}")]
    public void Large_expressions_match_what_they_say(string pattern)
    {
        Assert.Null(TopicPattern.Mistake(pattern));
        var name = new string('a', 248);
        Assert.Equal(name, string.Join(' ', TopicPattern.Of(pattern).Match([name, name[1..] + "!\n"])));
    }

    /// <summary>Random expressions of what both know match what .NET's engine says.</summary>
    [Fact]
    public void Small_expressions_match_as_another_engine_says()
    {
        var random = new Random(20261128);
        for (var i = 0; i < 3_000; i++)
        {
            var pattern = Expression(random, 4);
            var other = new Regex($@"\A(?:{pattern})\z", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(10));
            var names = Enumerable.Range(0, 20).Select(_ => new string(random.GetItems<char>("ab_-", random.Next(7)))).ToList();
            var matched = TopicPattern.Of(pattern).Match(names);
            Assert.Equal((pattern, string.Join(' ', names.Where(name => other.IsMatch(name)))), (pattern, string.Join(' ', matched)));
        }
    }

    [Fact]
    public void Beyond_ASCII_there_are_single_characters_and_all() => Assert.Equal(
        "é é😀 x", string.Join(' ', TopicPattern.Of(@"é.+|[^y]{1}|\x{D800}").Match(["é", "é😀", "x", "y", "àx"])));

    [Fact]
    public void Hostile_expressions_cost_no_more_than_others()
    {
        var name = new string('a', 248) + "!";
        Assert.Empty(TopicPattern.Of("(a+)+").Match([name]));
        Assert.Empty(TopicPattern.Of("(a|aa)*(a|aa)*(a|aa)*b").Match([name]));
        Assert.NotNull(TopicPattern.Mistake("((((a{100}){100}){100}){100})"));
        Assert.NotNull(TopicPattern.Mistake(new string('(', 10_000)));
        Assert.Null(TopicPattern.Mistake(new string('a', 10_000)));
    }

    private static string Expression(Random random, int depth) => depth == 0
        ? new[] { "a", "b", ".", "[^a]", "[a_]", @"\w", @"\b", @"\B", "^", "$", "" }[random.Next(11)]
        : random.Next(5) switch
        {
            0 => $"{Expression(random, depth - 1)}|{Expression(random, depth - 1)}",
            1 => $"(?:{Expression(random, depth - 1)}){new[] { "*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}" }[random.Next(7)]}",
            2 => $"({Expression(random, depth - 1)})",
            _ => Expression(random, depth - 1) + Expression(random, depth - 1),
        };
}
