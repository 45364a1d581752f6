using System.Globalization;
using System.Text;
using Barnabas.Base;

namespace Barnabas.Log;

/// <summary>
/// Kafka's checkpoint files: a version line 0, a line with the count, then one entry a line. An empty file has none. Stateless.
/// </summary>
internal static class CheckpointText
{
    /// <summary>The entry lines; a file that is not as it says is a <see cref="MalformedException"/>.</summary>
    internal static IReadOnlyList<string> Entries(ReadOnlySpan<byte> bytes, string path)
    {
        if (bytes.IsEmpty)
        {
            return [];
        }

        var lines = Encoding.UTF8.GetString(bytes).Split('\n');
        if (lines.Length < 2 || lines[0] != "0" || !int.TryParse(lines[1], NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            throw new MalformedException($"{path} does not begin with the lines of a checkpoint");
        }

        var entries = lines[2..].Where(line => line.Length > 0).ToList();
        return entries.Count == count ? entries : throw new MalformedException($"{path} says {count} entries and has {entries.Count}");
    }
}
