using Barnabas.Base;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Admin;

/// <summary>Changes single keys of configurations. There are no loggers whose level could be set.</summary>
public sealed class IncrementalAlterConfigsHandler(AdminContext context)
    : ControllerHandler<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(context, ApiKey.IncrementalAlterConfigs)
{
    /// <inheritdoc/>
    protected override IncrementalAlterConfigsResponse Decide(
        ControllerMachine machine, IncrementalAlterConfigsRequest request, short version, Decision<MetadataRecord> decision)
    {
        var response = ConfigChanges.Decide(machine, request, decision);
        foreach (var result in response.Responses)
        {
            var asked = request.Resources.Find(r => r.ResourceType == result.ResourceType && r.ResourceName == result.ResourceName);
            if (result.ResourceType == (sbyte)ConfigKind.Broker && asked!.Configs.Find(c => c.ConfigOperation is < 0 or > 3) is { } unknown)
            {
                result.ErrorCode = ErrorCode.InvalidRequest;
                result.ErrorMessage = $"Unknown operations type {unknown.ConfigOperation}";
            }
            else if (result.ResourceType == (sbyte)ConfigKind.BrokerLogger)
            {
                result.ErrorCode = asked!.Configs.Count > 0 ? ErrorCode.InvalidConfig : ErrorCode.None;
                result.ErrorMessage = asked.Configs.Count > 0 ? $"Logger {asked.Configs[0].Name} does not exist!" : null;
            }
        }

        return response;
    }

    /// <inheritdoc/>
    protected override IncrementalAlterConfigsResponse Failed(IncrementalAlterConfigsRequest request, ErrorCode error) => new()
    {
        Responses = request.Resources.ConvertAll(r => new IncrementalAlterConfigsResponse.AlterConfigsResourceResponse
        {
            ResourceType = r.ResourceType, ResourceName = r.ResourceName, ErrorCode = error,
        }),
    };
}
