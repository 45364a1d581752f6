using Barnabas.Base;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Admin;

/// <summary>Adds partitions to topics; the answer comes when they are there to be written to.</summary>
public sealed class CreatePartitionsHandler(AdminContext context)
    : ControllerHandler<CreatePartitionsRequest, CreatePartitionsResponse>(context, ApiKey.CreatePartitions)
{
    /// <inheritdoc/>
    protected override CreatePartitionsResponse Decide(
        ControllerMachine machine, CreatePartitionsRequest request, short version, Decision<MetadataRecord> decision) =>
        PartitionCreation.Decide(machine, request, decision);

    /// <inheritdoc/>
    protected override long TimeoutMs(CreatePartitionsRequest request) => request.TimeoutMs;

    /// <inheritdoc/>
    protected override CreatePartitionsResponse Failed(CreatePartitionsRequest request, ErrorCode error) => new()
    {
        Results = request.Topics.ConvertAll(topic =>
            new CreatePartitionsResponse.CreatePartitionsTopicResult { Name = topic.Name, ErrorCode = error }),
    };

    /// <inheritdoc/>
    protected override void Answer(Request request, CreatePartitionsRequest message, CreatePartitionsResponse response) =>
        Context.WhenApplied(Context.Image.EndOffset, () => request.Complete(response));
}
