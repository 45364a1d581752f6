using System.Text;
using System.Text.Json;
using Barnabas.Broker.Logging;

namespace Barnabas.Tests.Broker.Logging;

public sealed class OperatorLogTests
{
    private readonly MemoryStream _output = new();

    private string Written => Encoding.UTF8.GetString(_output.ToArray());

    [Fact]
    public void A_program_reads_one_JSON_object_a_line()
    {
        var log = new OperatorLog(_output, isJson: true, LogLevel.Info);
        log.Warn("disk", "a \"slow\" write\nof two lines", new IOException("late"));
        log.Info("program", "ready", json => json.WriteNumber("nodeId", 1));
        log.Plain("a card for people");
        var lines = Written.TrimEnd('\n').Split('\n');
        Assert.Equal(2, lines.Length);
        var first = JsonDocument.Parse(lines[0]).RootElement;
        Assert.Equal(("warn", "disk", "a \"slow\" write\nof two lines", "IOException: late"), (first.GetProperty("level").GetString(),
            first.GetProperty("source").GetString(), first.GetProperty("message").GetString(), first.GetProperty("fault").GetString()));
        Assert.Equal(1, JsonDocument.Parse(lines[1]).RootElement.GetProperty("nodeId").GetInt32());
    }

    [Fact]
    public void A_person_reads_lines_of_text()
    {
        var log = new OperatorLog(_output, isJson: false, LogLevel.Info);
        log.Error("disk", "offline");
        log.Plain("card\n");
        Assert.Matches(@"^\d\d:\d\d:\d\d\.\d{3} error disk: offline\ncard\n$", Written);
    }

    [Fact]
    public void What_is_less_important_than_asked_for_is_left_out()
    {
        var quiet = new OperatorLog(_output, isJson: false, LogLevel.Warn);
        quiet.Debug("a", "b");
        quiet.Info("a", "b");
        quiet.Plain("card");
        Assert.Equal("", Written);
        quiet.Warn("a", "b");
        Assert.NotEqual("", Written);
    }

    [Fact]
    public void Stack_traces_are_for_those_who_want_everything()
    {
        Exception? thrown = null;
        try
        {
            throw new IOException("x");
        }
        catch (IOException fault)
        {
            thrown = fault;
        }

        new OperatorLog(_output, isJson: false, LogLevel.Info).Error("a", "b", thrown);
        Assert.DoesNotContain("   at ", Written);
        new OperatorLog(_output, isJson: false, LogLevel.Debug).Error("a", "b", thrown);
        Assert.Contains("   at ", Written);
    }
}
