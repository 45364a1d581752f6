using Barnabas.Base;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Admin;

/// <summary>Replaces whole configurations, as clients did before they could change single keys.</summary>
public sealed class AlterConfigsHandler(AdminContext context)
    : ControllerHandler<AlterConfigsRequest, AlterConfigsResponse>(context, ApiKey.AlterConfigs)
{
    /// <inheritdoc/>
    protected override AlterConfigsResponse Decide(
        ControllerMachine machine, AlterConfigsRequest request, short version, Decision<MetadataRecord> decision) =>
        ConfigChanges.Decide(machine, request, decision);

    /// <inheritdoc/>
    protected override AlterConfigsResponse Failed(AlterConfigsRequest request, ErrorCode error) => new()
    {
        Responses = request.Resources.ConvertAll(r => new AlterConfigsResponse.AlterConfigsResourceResponse
        {
            ResourceType = r.ResourceType, ResourceName = r.ResourceName, ErrorCode = error,
        }),
    };
}
