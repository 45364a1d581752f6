using Barnabas.Base;
using Barnabas.Broker.Config;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Admin;

/// <summary>Creates topics; the answer comes when their partitions are there to be written to.</summary>
public sealed class CreateTopicsHandler(AdminContext context)
    : ControllerHandler<CreateTopicsRequest, CreateTopicsResponse>(context, ApiKey.CreateTopics)
{
    /// <inheritdoc/>
    protected override CreateTopicsResponse Decide(
        ControllerMachine machine, CreateTopicsRequest request, short version, Decision<MetadataRecord> decision) =>
        TopicCreation.Decide(machine, request, decision);

    /// <inheritdoc/>
    protected override long TimeoutMs(CreateTopicsRequest request) => request.TimeoutMs;

    /// <inheritdoc/>
    protected override CreateTopicsResponse Failed(CreateTopicsRequest request, ErrorCode error) => new()
    {
        Topics = request.Topics.ConvertAll(topic => new CreateTopicsResponse.CreatableTopicResult { Name = topic.Name, ErrorCode = error }),
    };

    /// <inheritdoc/>
    protected override void Answer(Request request, CreateTopicsRequest message, CreateTopicsResponse response)
    {
        if (request.ApiVersion >= 5)
        {
            AddConfigs(message, response);
        }

        if (message.ValidateOnly)
        {
            request.Complete(response);
            return;
        }

        Context.WhenApplied(Context.Image.EndOffset, () => request.Complete(response));
    }

    private void AddConfigs(CreateTopicsRequest message, CreateTopicsResponse response)
    {
        var config = Context.Config();
        foreach (var result in response.Topics)
        {
            if (result.ErrorCode != ErrorCode.None)
            {
                continue;
            }

            var asked = message.Topics.Find(topic => topic.Name == result.Name)!.Configs;
            var entries = ConfigDescriber.Topic(config, config.Topic(asked.Select(c => KeyValuePair.Create(c.Name, c.Value ?? ""))));
            result.Configs = entries.ConvertAll(entry => new CreateTopicsResponse.CreatableTopicConfigs
            {
                Name = entry.Name,
                Value = entry.Value,
                ReadOnly = entry.IsReadOnly,
                ConfigSource = (sbyte)entry.Source,
                IsSensitive = entry.IsSensitive,
            });
        }
    }
}
