using System.Text.Json;
using System.Text.Json.Serialization;

namespace Barnabas.Histories.Model;

/// <summary>Reads the lines of a history. Stateless.</summary>
public static class HistoryReader
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>The history that <paramref name="lines"/> tell.</summary>
    /// <exception cref="FormatException">A line is none of a history.</exception>
    public static History Read(IEnumerable<string> lines) => new([.. lines.Select(Parse)]);

    private static Entry Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<Entry>(line, Options)!;
        }
        catch (JsonException error)
        {
            throw new FormatException($"no line of a history: {line}", error);
        }
    }
}
