using Barnabas.Broker.Network;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Admin;

/// <summary>Lists the partitions whose replicas move between brokers: with one broker there are none.</summary>
public sealed class ListPartitionReassignmentsHandler()
    : MessageHandler<ListPartitionReassignmentsRequest>(ApiKey.ListPartitionReassignments)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, ListPartitionReassignmentsRequest message) =>
        request.Complete(new ListPartitionReassignmentsResponse { ErrorMessage = null });
}
