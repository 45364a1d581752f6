using System.Globalization;
using System.Text.RegularExpressions;

namespace Barnabas.Shared;

/// <summary>What differs between two pictures. Stateless.</summary>
public static partial class PictureDifference
{
    private const int LinesShown = 30;

    /// <summary>
    /// Between a directory before its broker stopped and after the next one opened it: nothing may differ but that partitions may have
    /// begun new leader epochs. Empty when all is well.
    /// </summary>
    public static string AfterRestart(IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        var epochs = Leaders(before);
        foreach (var (partition, epoch) in Leaders(after))
        {
            if (epoch < epochs.GetValueOrDefault(partition, -1))
            {
                return $"the leader epoch of {partition} fell to {epoch}";
            }
        }

        var ends = Ends(before);
        IEnumerable<string> Kept(IEnumerable<string> lines) =>
            lines.Where(line => !IsNews(line, epochs)).Select(line => WithoutEmptyEpoch(line, ends));
        return Between(Kept(before), Kept(after), "before", "after");
    }

    /// <summary>Between two directories of the same history, written by different brokers.</summary>
    /// <param name="one">A picture.</param>
    /// <param name="other">The other's.</param>
    /// <param name="sinceMs">When the brokers began: all times of theirs, which no client chose, lie behind it.</param>
    /// <param name="isNotCompared">True for lines in which they may differ.</param>
    public static string BetweenTwins(
        IReadOnlyList<string> one, IReadOnlyList<string> other, long sinceMs, Func<string, bool> isNotCompared)
    {
        IEnumerable<string> Kept(IEnumerable<string> lines) =>
            lines.Where(line => !isNotCompared(line)).Select(line => Common(line, sinceMs));
        return Between(Kept(one), Kept(other), "one", "other");
    }

    private static Dictionary<string, int> Leaders(IEnumerable<string> lines) => lines
        .Where(line => line.StartsWith("leader ", StringComparison.Ordinal)).Select(line => line.Split(' ', '='))
        .ToDictionary(parts => parts[1], parts => int.Parse(parts[3], CultureInfo.InvariantCulture));

    /// <summary>True for who leads, and for epochs that began after the stop.</summary>
    private static bool IsNews(string line, Dictionary<string, int> epochs)
    {
        if (line.StartsWith("leader ", StringComparison.Ordinal))
        {
            return true;
        }

        var parts = line.Split(' ');
        return parts[0] == "epoch" && int.Parse(parts[2], CultureInfo.InvariantCulture) > epochs.GetValueOrDefault(parts[1], -1);
    }

    private static Dictionary<string, string> Ends(IEnumerable<string> lines) => lines
        .Where(line => line.StartsWith("partition ", StringComparison.Ordinal)).Select(line => line.Split(' '))
        .ToDictionary(parts => parts[1], parts => parts[3]["end=".Length..]);

    /// <summary>An epoch that no record was written in is forgotten when the next one begins at the same offset.</summary>
    private static string WithoutEmptyEpoch(string line, Dictionary<string, string> ends)
    {
        var parts = line.Split(' ');
        if (parts[0] == "epoch" && parts[7] == ends.GetValueOrDefault(parts[1]))
        {
            parts[4] = "?";
        }
        else if (parts[0] is "partition" or "lookup" && ends.GetValueOrDefault(parts[1]) is { } end
            && (line.Contains($" start={end} end=", StringComparison.Ordinal) || line.Contains($" local {end} ", StringComparison.Ordinal)))
        {
            parts[^1] = "?";
        }
        else if (parts[0] == "producer" && parts[1].StartsWith("stamped", StringComparison.Ordinal))
        {
            // Kafka keeps the time of its clock here, which may be a millisecond beside the one that it stamps the batch with.
            parts[4] = "?";
        }

        return string.Join(' ', parts);
    }

    /// <summary>Without what each broker chooses for itself: ids of topics, times of its own clock in markers.</summary>
    private static string Common(string line, long sinceMs)
    {
        line = Times().Replace(line, time => long.Parse(time.ValueSpan, CultureInfo.InvariantCulture) >= sinceMs ? "clock" : time.Value);
        if (line.StartsWith("topic ", StringComparison.Ordinal))
        {
            return string.Join(' ', line.Split(' ').Where(part => !part.StartsWith("id=", StringComparison.Ordinal)));
        }

        // Of a record the epoch that it was written in is the leader's.
        return string.Join(' ', line.Split(' ').Where(part => !part.Contains("epoch=", StringComparison.Ordinal)));
    }

    [GeneratedRegex(@"\b\d{13}\b")]
    private static partial Regex Times();

    private static string Between(IEnumerable<string> one, IEnumerable<string> other, string oneName, string otherName)
    {
        var (left, right) = (one.ToList(), other.ToList());
        var missing = left.Except(right).Select(line => $"only {oneName}: {line}");
        var added = right.Except(left).Select(line => $"only {otherName}: {line}");
        var lines = missing.Concat(added).OrderBy(line => line[(line.IndexOf(':') + 1)..], StringComparer.Ordinal).ToList();
        if (lines.Count == 0)
        {
            return left.Count == right.Count ? "" : $"{left.Count} lines and {right.Count} lines, though none differs";
        }

        var more = lines.Count > LinesShown ? $"\n… {lines.Count - LinesShown} more" : "";
        return string.Join('\n', lines.Take(LinesShown)) + more;
    }
}
