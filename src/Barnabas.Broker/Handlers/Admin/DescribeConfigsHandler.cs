using Barnabas.Broker.Config;
using Barnabas.Broker.Network;
using Barnabas.Broker.Quorum;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Admin;

/// <summary>Tells configurations with where each value comes from.</summary>
public sealed class DescribeConfigsHandler(AdminContext context) : MessageHandler<DescribeConfigsRequest>(ApiKey.DescribeConfigs)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, DescribeConfigsRequest message)
    {
        var response = new DescribeConfigsResponse();

        // One kind that does not exist fails all of the request, as it does in Kafka.
        var isMalformed = message.Resources.Exists(r => !ConfigQuestion.IsKind(r.ResourceType));
        var question = new ConfigQuestion(context.Image, context.Config());
        foreach (var asked in message.Resources)
        {
            var result = new DescribeConfigsResponse.DescribeConfigsResult
            {
                ResourceType = asked.ResourceType, ResourceName = asked.ResourceName,
            };
            var resource = new ConfigResource((ConfigKind)asked.ResourceType, asked.ResourceName);
            var names = asked.ConfigurationKeys is { Count: > 0 } keys ? keys : null;
            var refusal = ConfigQuestion.Malformed;
            var entries = isMalformed ? [] : question.Answer(resource, names, out refusal);
            (result.ErrorCode, result.ErrorMessage) = (refusal.Error, refusal.IsNone ? "" : refusal.Message);
            foreach (var entry in entries)
            {
                result.Configs.Add(Describe(entry, message));
            }

            response.Results.Add(result);
        }

        request.Complete(response);
    }

    private static DescribeConfigsResponse.DescribeConfigsResourceResult Describe(
        ConfigEntry entry, DescribeConfigsRequest message) => new()
    {
        Name = entry.Name,
        Value = entry.Value,
        ReadOnly = entry.IsReadOnly,
        ConfigSource = (sbyte)entry.Source,
        IsSensitive = entry.IsSensitive,
        ConfigType = (sbyte)entry.Type,
        Documentation = message.IncludeDocumentation ? entry.Doc : null,
        Synonyms = message.IncludeSynonyms
            ? [.. entry.Synonyms.Select(s => new DescribeConfigsResponse.DescribeConfigsSynonym
            {
                Name = s.Name, Value = s.Value, Source = (sbyte)s.Source,
            })]
            : [],
    };
}
