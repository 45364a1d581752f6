using Barnabas.Base;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Admin;

/// <summary>Deletes topics by name or by id.</summary>
public sealed class DeleteTopicsHandler(AdminContext context)
    : ControllerHandler<DeleteTopicsRequest, DeleteTopicsResponse>(context, ApiKey.DeleteTopics)
{
    /// <inheritdoc/>
    protected override DeleteTopicsResponse Decide(
        ControllerMachine machine, DeleteTopicsRequest request, short version, Decision<MetadataRecord> decision) =>
        TopicDeletion.Decide(machine, request, version, decision);

    /// <inheritdoc/>
    protected override long TimeoutMs(DeleteTopicsRequest request) => request.TimeoutMs;

    /// <inheritdoc/>
    protected override DeleteTopicsResponse Failed(DeleteTopicsRequest request, ErrorCode error)
    {
        var response = new DeleteTopicsResponse();
        foreach (var topic in request.Topics)
        {
            response.Responses.Add(new() { Name = topic.Name, TopicId = topic.TopicId, ErrorCode = error });
        }

        foreach (var name in request.TopicNames)
        {
            response.Responses.Add(new() { Name = name, ErrorCode = error });
        }

        return response;
    }
}
