using Barnabas.Base;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Admin;

/// <summary>
/// A handler whose request the controller decides: it makes one operation of it and answers when that is committed.
/// </summary>
public abstract class ControllerHandler<TRequest, TResponse>(AdminContext context, ApiKey key) : MessageHandler<TRequest>(key)
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage
{
    /// <summary>What all handlers of administration stand on.</summary>
    protected AdminContext Context => context;

    /// <inheritdoc/>
    protected override void Handle(Request request, TRequest message)
    {
        var version = request.ApiVersion;
        context.Quorum.Submit(
            (machine, decision) => Decide(machine, message, version, decision),
            (error, response) =>
            {
                if (response is null)
                {
                    request.Complete(Failed(message, error));
                    return;
                }

                Answer(request, message, response);
            },
            TimeoutMs(message));
    }

    /// <summary>How long the client waits for the commit, milliseconds; for ever where the API does not say.</summary>
    protected virtual long TimeoutMs(TRequest request) => long.MaxValue;

    /// <summary>The decision, on the metadata loop.</summary>
    protected abstract TResponse Decide(
        ControllerMachine machine, TRequest request, short version, Decision<MetadataRecord> decision);

    /// <summary>The answer when nothing was decided, or its commit is not known.</summary>
    protected abstract TResponse Failed(TRequest request, ErrorCode error);

    /// <summary>Sends the committed answer; on the metadata loop.</summary>
    protected virtual void Answer(Request request, TRequest message, TResponse response) => request.Complete(response);
}
