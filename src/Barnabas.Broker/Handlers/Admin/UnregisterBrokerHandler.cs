using Barnabas.Base;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Admin;

/// <summary>Forgets the registration of a broker that will not come back.</summary>
public sealed class UnregisterBrokerHandler(AdminContext context)
    : ControllerHandler<UnregisterBrokerRequest, UnregisterBrokerResponse>(context, ApiKey.UnregisterBroker)
{
    /// <inheritdoc/>
    protected override UnregisterBrokerResponse Decide(
        ControllerMachine machine, UnregisterBrokerRequest request, short version, Decision<MetadataRecord> decision) =>
        BrokerRegistrations.Unregister(machine, request, decision);

    /// <inheritdoc/>
    protected override UnregisterBrokerResponse Failed(UnregisterBrokerRequest request, ErrorCode error) => new() { ErrorCode = error };
}
