namespace Barnabas.Broker.Handlers.Groups;

/// <summary>Kafka's words for errors of groups: some clients show them to people.</summary>
internal static class GroupTexts
{
    public const string UnsupportedVersion = "The version of API is not supported.";
}
