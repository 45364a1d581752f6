using Barnabas.Messages;

namespace Barnabas.Broker.Network;

/// <summary>
/// A handler of an API that is not hot: works on the decoded message, which owns all its bytes, so that the frame is let go before
/// <see cref="Handle(Request, TRequest)"/> runs. Answer with <see cref="Request.Complete(IMessage)"/>.
/// </summary>
public abstract class MessageHandler<TRequest>(ApiKey key) : IRequestHandler
    where TRequest : IMessage<TRequest>
{
    /// <inheritdoc/>
    public ApiKey Key => key;

    /// <inheritdoc/>
    public void Handle(Request request)
    {
        var message = MessageCodec.Decode<TRequest>(request.Body, request.ApiVersion);
        request.ReleaseBody();
        Handle(request, message);
    }

    /// <summary>
    /// Starts the decoded request; see <see cref="IRequestHandler.Handle"/>. Body and <see cref="Request.ClientId"/> must not be read
    /// after it has returned.
    /// </summary>
    protected abstract void Handle(Request request, TRequest message);
}
