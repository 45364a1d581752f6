using Barnabas.Base;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Admin;

/// <summary>Gives partitions other replicas, as far as one broker can.</summary>
public sealed class AlterPartitionReassignmentsHandler(AdminContext context)
    : ControllerHandler<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse>(
        context, ApiKey.AlterPartitionReassignments)
{
    /// <inheritdoc/>
    protected override AlterPartitionReassignmentsResponse Decide(
        ControllerMachine machine, AlterPartitionReassignmentsRequest request, short version, Decision<MetadataRecord> decision) =>
        PartitionReassignments.Decide(machine, request, decision);

    /// <inheritdoc/>
    protected override AlterPartitionReassignmentsResponse Failed(AlterPartitionReassignmentsRequest request, ErrorCode error) =>
        new() { ErrorCode = error };
}
