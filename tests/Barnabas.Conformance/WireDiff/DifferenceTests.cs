using System.Text.Json;
using System.Text.RegularExpressions;
using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.WireDiff;

/// <summary>
/// The same requests to Barnabas and to Apache Kafka get the same answers, field by field, but for the causes in
/// docs/differences.md, which wire/differences.jsonl lists for the machine.
/// </summary>
public sealed class DifferenceTests
{
    private const int RowsMax = 15;
    private const int HarmlessRequests = 195;

    /// <summary>The APIs whose answers are compared; harmless.jsonl has more, which come with their APIs.</summary>
    private static readonly HashSet<string> Compared =
    [
        "ApiVersions", "Metadata", "DescribeCluster", "DescribeTopicPartitions", "CreateTopics", "DeleteTopics", "CreatePartitions",
        "DescribeConfigs", "AlterConfigs", "IncrementalAlterConfigs", "ListConfigResources", "Produce", "Fetch", "ListOffsets",
        "OffsetForLeaderEpoch", "DeleteRecords", "InitProducerId", "DescribeProducers", "DescribeLogDirs", "FindCoordinator",
        "JoinGroup", "SyncGroup", "Heartbeat", "LeaveGroup", "OffsetCommit", "OffsetFetch", "OffsetDelete", "ListGroups",
        "DescribeGroups", "DeleteGroups", "WriteTxnMarkers", "DescribeQuorum", "UpdateFeatures", "AlterReplicaLogDirs",
        "AlterPartitionReassignments", "ListPartitionReassignments", "ConsumerGroupHeartbeat", "ConsumerGroupDescribe",
        "AddPartitionsToTxn", "AddOffsetsToTxn", "EndTxn", "TxnOffsetCommit", "DescribeTransactions", "ListTransactions",
    ];

    [BrokerFact(Need.Tools, Need.Peer, Need.ConfluentPython, Apis = [Api.Fetch, Api.ListOffsets, Api.JoinGroup, Api.DeleteGroups])]
    public void Answers_differ_from_those_of_Kafka_only_where_the_list_says_so()
    {
        using var folder = new TemporaryFolder();
        using var kafka = new WireBroker(BrokerKind.Kafka);
        using var other = new WireBroker(Target.Kind);
        var harmless = folder.At("harmless.jsonl");
        File.WriteAllLines(harmless, File.ReadLines(Path.Combine(WireBroker.WireLab, "requests", "harmless.jsonl")).Where(IsCompared));

        var causes = Causes();
        var unlisted = new Dictionary<string, List<int>>(); // what differs where, and in which versions
        string[] names = ["log.jsonl", "groups.jsonl", "consumer.jsonl", "admin.jsonl", "transactions.jsonl", "hostile.jsonl"];
        string[] files = [harmless, .. names.Select(name => WireBroker.WireFile(name, folder))];
        foreach (var file in files)
        {
            var result = Command.Run("/usr/bin/python3", [Path.Combine(WireBroker.WireLab, "wire-diff"), "--json", "--timeout", "15",
                "--a", kafka.Broker.Bootstrap, "--b", other.Broker.Bootstrap, file], limitS: 300);
            Assert.True(result.ExitCode is 0 or 1, result.Errors);
            Assert.True(file != harmless || result.Errors.StartsWith($"{HarmlessRequests} requests"), result.Errors);
            foreach (var line in Lines(result.Text).Where(line => !IsTimeOrIdentity(line) && !causes.Any(cause => cause.Covers(line))))
            {
                var where = $"{Path.GetFileName(file)}:{line.GetProperty("line")} {line.GetProperty("api")} {line.GetProperty("path")}";
                var key = $"{where}\n    Kafka    {Short(line, "a")}\n    Barnabas {Short(line, "b")}";
                unlisted[key] = [.. unlisted.GetValueOrDefault(key, []), line.GetProperty("version").GetInt32()];
            }
        }

        Assert.True(unlisted.Count == 0, $"{unlisted.Count} differences:\n"
            + string.Join('\n', unlisted.Select(each => $"v{string.Join(',', each.Value)} {each.Key}")));
    }

    [Fact]
    public void Every_allowed_cause_is_a_row_of_the_page_and_there_are_few()
    {
        var rows = File.ReadLines(Checkout.At("docs/differences.md")).Where(line => line.StartsWith("| ")).Skip(1)
            .Select(line => line.Split('|')[1].Trim()).ToList();
        Assert.InRange(rows.Count, 0, RowsMax);
        Assert.All(Causes(), cause => Assert.Contains(cause.Row, rows));
    }

    /// <summary>Requests for compared APIs, for numbers that are no API, and the lines that are no request.</summary>
    private static bool IsCompared(string line)
    {
        if (!line.StartsWith('{'))
        {
            return false;
        }

        var api = JsonDocument.Parse(line).RootElement.GetProperty("api");
        return api.ValueKind == JsonValueKind.String && Compared.Contains(api.GetString()!);
    }

    /// <summary>
    /// What wire-diff does not leave out itself: the id of a directory, assignments under the ids of topics, which unit tests look at, and
    /// messages that differ in the time now alone.
    /// </summary>
    private static bool IsTimeOrIdentity(JsonElement line)
    {
        static string WithoutTimes(JsonElement value) => Regex.Replace(value.GetRawText(), @"\d{13,}", "T");
        var path = line.GetProperty("path").GetString()!;
        return path.EndsWith("replicaDirectoryId") || (path.Contains("topicPartitions[topicId=") && path.EndsWith(']'))
            || WithoutTimes(line.GetProperty("a")) == WithoutTimes(line.GetProperty("b"));
    }

    private static List<Cause> Causes() =>
        [.. Lines(File.ReadAllText(WireBroker.WireFile("differences.jsonl"))).Select(line => new Cause(line.GetProperty("row").GetString()!,
            Whole(line, "api"), Whole(line, "path"), Whole(line, "a"), Whole(line, "b")))];

    /// <summary>The pattern of that name, which has to match whole; anything where there is none.</summary>
    private static Regex Whole(JsonElement line, string name) =>
        new(line.TryGetProperty(name, out var pattern) ? $"^({pattern.GetString()})$" : "", RegexOptions.Singleline);

    private static string Short(JsonElement line, string side)
    {
        var text = line.GetProperty(side).GetRawText();
        return text.Length <= 200 ? text : text[..200];
    }

    private static IEnumerable<JsonElement> Lines(string text) => text.Split('\n').Where(line => line.StartsWith('{'))
        .Select(line => JsonDocument.Parse(line).RootElement);

    /// <summary>A row of the page, and which APIs, paths and pairs of values it speaks about.</summary>
    private sealed record Cause(string Row, Regex Api, Regex Path, Regex A, Regex B)
    {
        public bool Covers(JsonElement difference) => Api.IsMatch(difference.GetProperty("api").GetString()!)
            && Path.IsMatch(difference.GetProperty("path").GetString()!)
            && A.IsMatch(difference.GetProperty("a").GetRawText()) && B.IsMatch(difference.GetProperty("b").GetRawText());
    }
}
