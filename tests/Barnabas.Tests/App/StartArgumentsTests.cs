using Barnabas.App;

namespace Barnabas.Tests.App;

public sealed class StartArgumentsTests
{
    [Fact]
    public void Everything_can_be_said_at_once()
    {
        string[] args =
        [
            "server.properties", "--data", "d", "--listen=127.0.0.1:1", "--config", "a=b=c", "--config=e=f", "--verbose", "--quiet",
            "--insecure-allow-public",
        ];
        Assert.True(StartArguments.TryParse(args, out var start));
        Assert.Equal(("server.properties", "d", "127.0.0.1:1", true, true, true),
            (start.File, start.Data, start.Listen, start.Verbose, start.Quiet, start.AllowPublic));
        Assert.Equal([new("a", "b=c"), new("e", "f")], start.Settings!);
    }

    [Fact]
    public void Nothing_need_be_said()
    {
        Assert.True(StartArguments.TryParse([], out var start));
        Assert.Equal((null, null, null, false), (start.File, start.Data, start.Listen, start.Verbose));
        Assert.Empty(start.Settings!);
    }

    [Theory]
    [InlineData("--data")]
    [InlineData("--data=")]
    [InlineData("--config", "a")]
    [InlineData("--config", "=a")]
    [InlineData("--verbose=yes")]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("--no-such-option")]
    [InlineData("one.properties", "two.properties")]
    [InlineData("")]
    public void What_is_not_exactly_right_is_left_to_the_full_command_line(params string[] args) =>
        Assert.False(StartArguments.TryParse(args, out _));
}
