using System.Text.RegularExpressions;

namespace Barnabas.Tests.Tidy;

/// <summary>What no tracked text may say.</summary>
public sealed class TextTests
{
    // Put together here, so that this file does not find itself.
    private static readonly Regex Unfinished = new($@"\b({"TO" + "DO"}|{"FIX" + "ME"}|{"HA" + "CK"})\b|{"NotImpl" + "emented"}Exception");

    private static readonly Regex ThisMachine = new($@"(?<![\w./~-])/({"wo" + "rk"}|{"ho" + "me"}|{"ro" + "ot"}|{"Us" + "ers"}|mnt)/\w");

    [Fact]
    public void Nothing_is_left_for_later() =>
        Sources.AssertNone("Finish it, or leave it out and say so in the docs:", Lines(Unfinished, file => file.Path != "LICENSE"));

    [Fact]
    public void No_path_of_one_machine_is_named() =>
        Sources.AssertNone("Paths are relative to the checkout:", Lines(ThisMachine, file => !file.Path.EndsWith("-lock.json")));

    [Fact]
    public void Text_files_end_with_one_newline_and_have_no_tabs_or_trailing_spaces()
    {
        var findings =
            from file in Sources.CSharp()
            let lines = file.Text.Split('\n')
            from finding in lines
                .Select((line, index) => line.TrimEnd(' ', '\t', '\r') != line || line.StartsWith('\t') ? $"{file.Path}:{index + 1}" : null)
                .Append(file.Text.EndsWith('\n') && !file.Text.EndsWith("\n\n", StringComparison.Ordinal) ? null : $"{file.Path}: its end")
            where finding is not null
            select finding;
        Sources.AssertNone("Four spaces, no trailing blanks, one newline at the end:", findings);
    }

    private static IEnumerable<string> Lines(Regex pattern, Func<SourceFile, bool> isRead) =>
        from file in Sources.All
        where isRead(file) && pattern.IsMatch(file.Text)
        from line in file.Text.Split('\n').Select((text, index) => (Text: text, Number: index + 1))
        where pattern.IsMatch(line.Text)
        select $"{file.Path}:{line.Number}: {line.Text.Trim()}";
}
