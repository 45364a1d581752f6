using Barnabas.Base;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Admin;

/// <summary>Raises and lowers the levels of features.</summary>
public sealed class UpdateFeaturesHandler(AdminContext context)
    : ControllerHandler<UpdateFeaturesRequest, UpdateFeaturesResponse>(context, ApiKey.UpdateFeatures)
{
    /// <inheritdoc/>
    protected override UpdateFeaturesResponse Decide(
        ControllerMachine machine, UpdateFeaturesRequest request, short version, Decision<MetadataRecord> decision) =>
        FeatureUpdates.Decide(machine, request, version, Context.Quorum.Status.KRaftVersion, decision);

    /// <inheritdoc/>
    protected override UpdateFeaturesResponse Failed(UpdateFeaturesRequest request, ErrorCode error) => new() { ErrorCode = error };
}
