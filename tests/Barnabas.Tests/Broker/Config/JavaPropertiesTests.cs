using System.Text;
using Barnabas.Broker.Config;

namespace Barnabas.Tests.Broker.Config;

public sealed class JavaPropertiesTests
{
    [Theory]
    [InlineData("a=b", "a", "b")]
    [InlineData("  a = b c ", "a", "b c ")]
    [InlineData("a:b", "a", "b")]
    [InlineData("a b=c", "a", "b=c")]
    [InlineData("a\t=\tb", "a", "b")]
    [InlineData("a", "a", "")]
    [InlineData("a\\ b\\:c\\==d", "a b:c=", "d")]
    [InlineData("a=\\u00e9\\t\\n\\q\\\\", "a", "é\t\nq\\")]
    [InlineData("a=one,\\\n    two,\\\r\n  three", "a", "one,two,three")]
    [InlineData("a=b\\\\\nc=d", "a", "b\\")]
    [InlineData("a=b\\", "a", "b")]
    [InlineData("a=#b", "a", "#b")]
    public void The_first_entry_reads_as_in_Java(string text, string key, string value)
    {
        var entry = JavaProperties.Read(text)[0];
        Assert.Equal((key, value), (entry.Key, entry.Value));
    }

    [Fact]
    public void Comments_and_blank_lines_count_for_line_numbers_only()
    {
        var entries = JavaProperties.Read("# one\r\n\r\n ! two\r\na=1\\\n  2\n\nb=3");
        Assert.Equal([new PropertyEntry("a", "12", 4), new PropertyEntry("b", "3", 7)], entries);
    }

    [Fact]
    public void A_comment_is_not_continued() => Assert.Equal("a", Assert.Single(JavaProperties.Read("# one \\\na=1")).Key);

    [Fact]
    public void Bytes_are_UTF_8_or_else_Latin_1()
    {
        Assert.Equal("é", JavaProperties.Read(Encoding.UTF8.GetBytes("a=é"))[0].Value);
        Assert.Equal("é", JavaProperties.Read(Encoding.Latin1.GetBytes("a=é"))[0].Value);
        Assert.Equal("a", JavaProperties.Read([0xEF, 0xBB, 0xBF, (byte)'a', (byte)'=', (byte)'b'])[0].Key);
    }

    [Fact]
    public void A_broken_escape_names_its_line() =>
        Assert.Contains("line 2", Assert.Throws<FormatException>(() => JavaProperties.Read("a=1\nb=\\u12g4")).Message);
}
