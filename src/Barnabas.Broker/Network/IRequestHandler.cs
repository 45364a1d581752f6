using Barnabas.Messages;

namespace Barnabas.Broker.Network;

/// <summary>Answers one API. One instance serves all loops at once, so that it holds no state of its own.</summary>
public interface IRequestHandler
{
    /// <summary>The API.</summary>
    ApiKey Key { get; }

    /// <summary>
    /// Starts the request on the loop that read it: decodes, authorises, makes one call on an owner. The request is completed exactly once,
    /// here or later from any thread. Nothing may block. A <see cref="Base.MalformedException"/> closes the connection; any other exception
    /// is a fault of ours, is reported and closes it too.
    /// </summary>
    void Handle(Request request);
}

/// <summary>Told that nobody waits for a parked request any more.</summary>
public interface ICancelListener
{
    /// <summary>
    /// The connection is gone: unhook the request from what it waits for and complete it, which gives back what it holds. Called on the
    /// connection's loop.
    /// </summary>
    void Cancelled(Request request);
}
