using System.Text;
using System.Text.Json;
using Barnabas.Base;

namespace Barnabas.Cluster.Raft;

/// <summary>
/// What a node must not forget: the newest epoch it knows, whom it voted for in it, and who leads it. Immutable. On disk before anything
/// is done by it; a lost vote may become two leaders.
/// </summary>
/// <param name="Epoch">The newest epoch; 0 before the first election.</param>
/// <param name="LeaderId">The epoch's leader, or -1 while it is not known.</param>
/// <param name="Voted">Whom this node voted for in the epoch, if it did and there is no leader yet.</param>
public sealed record QuorumState(int Epoch, int LeaderId, ReplicaKey? Voted)
{
    /// <summary>Before the first election.</summary>
    public static readonly QuorumState Initial = new(0, -1, null);

    /// <summary>
    /// The text of the file <c>quorum-state</c>: JSON in one line. <paramref name="staticVoters"/> are the voters' ids for kraft.version 0,
    /// which has them in the file, or null for version 1.
    /// </summary>
    public string ToText(IReadOnlyList<int>? staticVoters)
    {
        if (staticVoters is null)
        {
            var voted = Voted ?? new ReplicaKey(-1, Uuid.Zero);
            return $"{{\"leaderId\":{LeaderId},\"leaderEpoch\":{Epoch},\"votedId\":{voted.Id},"
                + $"\"votedDirectoryId\":\"{voted.DirectoryId}\",\"data_version\":1}}";
        }

        var text = new StringBuilder();
        foreach (var id in staticVoters)
        {
            text.Append(text.Length == 0 ? "" : ",").Append($"{{\"voterId\":{id}}}");
        }

        return $"{{\"clusterId\":\"\",\"leaderId\":{LeaderId},\"leaderEpoch\":{Epoch},\"votedId\":{Voted?.Id ?? -1},"
            + $"\"appliedOffset\":0,\"currentVoters\":[{text}],\"data_version\":0}}";
    }

    /// <summary>Reads the file, of either version.</summary>
    /// <exception cref="MalformedException">The text is not a quorum state.</exception>
    public static QuorumState Parse(ReadOnlySpan<byte> text)
    {
        var fields = new Dictionary<string, string>();
        try
        {
            var reader = new Utf8JsonReader(text);
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1)
                {
                    var name = reader.GetString()!;
                    reader.Read();
                    fields[name] = reader.TokenType is JsonTokenType.Number or JsonTokenType.String
                        ? Encoding.UTF8.GetString(reader.ValueSpan)
                        : "";
                    reader.Skip();
                }
            }
        }
        catch (JsonException e)
        {
            throw new MalformedException($"quorum-state is not JSON: {e.Message}");
        }

        if (Number(fields, "data_version", -1) is not (0 or 1) and var version)
        {
            throw new MalformedException($"quorum-state has data_version {version}; 0 and 1 are known");
        }

        var votedId = Number(fields, "votedId", -1);
        var directory = Uuid.TryParse(fields.GetValueOrDefault("votedDirectoryId", ""), out var id) ? id : Uuid.Zero;
        return new QuorumState(
            Number(fields, "leaderEpoch", null), Number(fields, "leaderId", -1), votedId < 0 ? null : new ReplicaKey(votedId, directory));
    }

    private static int Number(Dictionary<string, string> fields, string name, int? absent)
    {
        if (!fields.TryGetValue(name, out var text) && absent is { } value)
        {
            return value;
        }

        return int.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new MalformedException($"quorum-state has no number {name}");
    }
}
