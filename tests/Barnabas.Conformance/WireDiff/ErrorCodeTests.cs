using System.Text.Json;
using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.WireDiff;

/// <summary>What the requests under wire/ bring about, by error code.</summary>
public sealed class ErrorCodeTests
{
    private static readonly string[] Files =
        ["log.jsonl", "groups.jsonl", "consumer.jsonl", "admin.jsonl", "transactions.jsonl", "hostile.jsonl"];

    [BrokerFact(Need.Tools, Need.Peer, Need.ConfluentPython, Apis = [Api.Fetch, Api.ListOffsets, Api.JoinGroup, Api.DeleteGroups])]
    public void Each_request_gets_the_error_code_that_it_is_there_for()
    {
        using var wire = new WireBroker(Target.Kind);
        var wrong =
            from file in Files
            from answer in wire.Answers(file)
            let expected = answer.GetProperty("expect")
            where expected.ValueKind == JsonValueKind.Number
                && !answer.GetProperty("codes").EnumerateArray().Any(code => code.GetInt32() == expected.GetInt32())
            select $"{file}:{answer.GetProperty("line")} {answer.GetProperty("api")} v{answer.GetProperty("version")}: "
                + $"expected {expected}, got {Short(answer.GetProperty("answer").GetRawText())}";
        var list = wrong.ToList();
        Assert.True(list.Count == 0, string.Join('\n', list));
    }

    [Fact]
    public void Every_error_code_of_the_table_has_a_request_or_a_reason()
    {
        var table = File.ReadLines(WireBroker.WireFile("errors.txt")).Where(line => line.Length > 0 && line[0] != '#').ToList();
        var asked = Files.SelectMany(file => File.ReadLines(WireBroker.WireFile(file)))
            .Where(line => line.Length > 0 && line[0] != '#').Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.TryGetProperty("expect", out _))
            .Select(line => $"{line.GetProperty("api").GetString()} {line.GetProperty("expect")}").ToHashSet();
        var known = table.Select(Cell).ToHashSet();

        Assert.Equal(table.Count, known.Count);
        Assert.Equal([], table.Where(line => asked.Contains(Cell(line)) == line.Contains(" - ")).ToList());
        Assert.Equal([], asked.Except(known).ToList());
    }

    private static string Cell(string line) => string.Join(' ', line.Split(' ').Take(2));

    private static string Short(string text) => text.Length <= 300 ? text : text[..300];
}
